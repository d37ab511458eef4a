import { bucketRows, groupRows, type Buckets, type Grouping } from './group';
import type { FraudInput } from './types';

/** Who is answerable for what: visits, episodes, and the units (clinic x doctor) that can be accused. */
export interface Structure {
  readonly visits: Grouping;
  readonly visitLines: Buckets;
  readonly episodeOf: Int32Array;
  readonly episodes: number;
  readonly episodeLines: Buckets;
  readonly units: number;
  readonly unitClinic: Int32Array;
  readonly unitDoctor: Int32Array;
  /** Unit of the doctor named on the line, -1 without one. */
  readonly ownUnit: Int32Array;
  /** Unit of the doctor who leads the line's episode (orders the services), -1 without one. */
  readonly leadUnit: Int32Array;
  /** Lead unit of each episode. */
  readonly episodeUnit: Int32Array;
  /** Specialty of the lead's consultation, -1 without one. */
  readonly episodeSpecialty: Int32Array;
}

/**
 * Builds visits (clinic, person, day), episodes (the clinic's episode number, else the visit) and units.
 *
 * The lead of an episode is the consulting doctor with most lines in it. A doctor who invents services invents them
 * for patients of his own: the invented X-ray carries the radiologist's name, so lines are judged by their lead.
 */
export function buildStructure(input: FraudInput): Structure {
  const { lines, services } = input;
  const n = lines.length;
  const visits = groupRows(n, lines.clinic, lines.person, lines.day);
  const visitLines = bucketRows(visits.id, visits.count);
  const episodeKey = new Int32Array(n);
  for (let i = 0; i < n; i++) episodeKey[i] = lines.episode[i]! >= 0 ? lines.episode[i]! : -2 - visits.id[i]!;
  const episodeGroups = groupRows(n, lines.clinic, episodeKey, episodeKey);
  const episodeOf = episodeGroups.id;
  const episodes = episodeGroups.count;
  const episodeLines = bucketRows(episodeOf, episodes);
  const unitGroups = groupRows(n, lines.clinic, lines.doctor, lines.doctor, (row) => lines.doctor[row]! < 0);
  const ownUnit = unitGroups.id;
  const units = unitGroups.count;
  const unitClinic = new Int32Array(units);
  const unitDoctor = new Int32Array(units);
  for (let u = 0; u < units; u++) {
    unitClinic[u] = lines.clinic[unitGroups.first[u]!]!;
    unitDoctor[u] = lines.doctor[unitGroups.first[u]!]!;
  }
  const leadUnit = new Int32Array(n).fill(-1);
  const episodeUnit = new Int32Array(episodes).fill(-1);
  const episodeSpecialty = new Int32Array(episodes).fill(-1);
  const tally = new Float64Array(units);
  for (let e = 0; e < episodes; e++) {
    const from = episodeLines.start[e]!;
    const to = episodeLines.start[e + 1]!;
    for (let k = from; k < to; k++) {
      const row = episodeLines.rows[k]!;
      const unit = ownUnit[row]!;
      if (unit < 0) continue;
      const service = lines.service[row]!;
      const consultation = service >= 0 && services.kind[service] === 0;
      tally[unit] = tally[unit]! + (consultation ? 1000 : 1);
    }
    let best = -1;
    let bestScore = -1;
    for (let k = from; k < to; k++) {
      const unit = ownUnit[episodeLines.rows[k]!]!;
      if (unit < 0) continue;
      // Having consulted at all is what makes a lead; among those, lines of any kind count alike.
      const consulted = tally[unit]! >= 1000;
      const score = (tally[unit]! % 1000) + Math.floor(tally[unit]! / 1000) + (consulted ? 1e6 : 0);
      if (score > bestScore) {
        bestScore = score;
        best = unit;
      }
    }
    episodeUnit[e] = best;
    for (let k = from; k < to; k++) {
      const row = episodeLines.rows[k]!;
      const unit = ownUnit[row]!;
      if (unit >= 0) tally[unit] = 0;
      leadUnit[row] = best;
      const service = lines.service[row]!;
      if (unit === best && service >= 0 && services.kind[service] === 0) {
        episodeSpecialty[e] = services.specialty[service]!;
      }
    }
  }
  return {
    visits,
    visitLines,
    episodeOf,
    episodes,
    episodeLines,
    units,
    unitClinic,
    unitDoctor,
    ownUnit,
    leadUnit,
    episodeUnit,
    episodeSpecialty,
  };
}
