import type { Book, PartLines } from './book';
import { bucketRows, groupRows, type Buckets, type Grouping } from './group';

/** Who is answerable for what in one part of a book: visits, episodes, and the units that lead them. */
export interface Structure {
  readonly visits: Grouping;
  readonly visitLines: Buckets;
  readonly episodes: number;
  readonly episodeLines: Buckets;
  /** Unit of the doctor who leads the line's episode (orders the services), -1 without one. */
  readonly leadUnit: Int32Array;
  /** Lead unit of each episode. */
  readonly episodeUnit: Int32Array;
  /** Specialty of the lead's consultation, -1 without one. */
  readonly episodeSpecialty: Int32Array;
}

/**
 * Builds visits (clinic, person, day) and episodes (the person's episode number in the clinic, else the visit).
 *
 * The lead of an episode is the consulting doctor with most lines in it. A doctor who invents services invents them
 * for patients of his own: the invented X-ray carries the radiologist's name, so lines are judged by their lead.
 */
export function buildStructure(lines: PartLines, { services, units }: Pick<Book, 'services' | 'units'>): Structure {
  const n = lines.length;
  const ownUnit = lines.unit;
  const visits = groupRows(n, lines.clinic, lines.person, lines.day);
  const visitLines = bucketRows(visits.id, visits.count);
  const episodeKey = new Int32Array(n);
  for (let i = 0; i < n; i++) episodeKey[i] = lines.episode[i]! >= 0 ? lines.episode[i]! : -2 - visits.id[i]!;
  const episodeGroups = groupRows(n, lines.clinic, lines.person, episodeKey);
  const episodes = episodeGroups.count;
  const episodeLines = bucketRows(episodeGroups.id, episodes);
  const leadUnit = new Int32Array(n).fill(-1);
  const episodeUnit = new Int32Array(episodes).fill(-1);
  const episodeSpecialty = new Int32Array(episodes).fill(-1);
  const tally = new Float64Array(units.count);
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
  return { visits, visitLines, episodes, episodeLines, leadUnit, episodeUnit, episodeSpecialty };
}
