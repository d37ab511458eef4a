import type { CompiledReference } from '../compile';
import { KIND } from '../compile';
import { hasBit } from '../prefixes';
import type { LineTable } from '../table';
import { NONE } from '../table';
import type { LineFacts } from './line';
import { settingsOn } from './settings';

/** What the person's earlier lines say about each line. Every value is a row of the same table, or NONE. */
export interface HistoryFacts {
  /** The person's previous line of the same service, any clinic (a same-day repeat included). */
  previous: Int32Array;
  /** An earlier line of the same clinic, service, date, tooth and doctor (DUPL-01). */
  duplicate: Int32Array;
  /** An earlier line of another clinic, same service and date; consultations, laboratory and imaging only (DUPL-02). */
  duplicateElsewhere: Int32Array;
  /** Units of the service in the episode up to and with this line; 0 without an episode. */
  episodeUnits: Float64Array;
  /** The latest consultation of the same specialty and clinic before the day, within the window (COMB-04). */
  primaryBefore: Int32Array;
  /** An extraction of the line's tooth on an earlier day (PLAU-03). */
  extraction: Int32Array;
}

/**
 * One pass over lines sorted by person and "earlier" order. Scratch arrays hold row numbers and are never cleared
 * between persons: a row below the person's first row is somebody else's and counts as absent.
 */
export function historyFacts(compiled: CompiledReference, table: LineTable, lines: LineFacts): HistoryFacts {
  const { rows, person, clinic, serviceDay, quantity, doctor, tooth, episode } = table;
  const { services, clinics } = compiled;
  const { settings } = compiled.medicine;
  const column = (): Int32Array => new Int32Array(rows).fill(NONE);
  const facts: HistoryFacts = {
    previous: column(),
    duplicate: column(),
    duplicateElsewhere: column(),
    episodeUnits: new Float64Array(rows),
    primaryBefore: column(),
    extraction: column(),
  };
  const lastOfService = new Int32Array(services.count).fill(NONE);
  // Per (specialty, clinic): the last consultation, and the last one on a day before that of the last.
  const lastVisit = new Int32Array(services.specialties * clinics.count).fill(NONE);
  const visitBefore = new Int32Array(services.specialties * clinics.count).fill(NONE);
  const firstExtraction = new Int32Array(table.teeth.text.length).fill(NONE);
  let start = 0;
  for (let row = 0; row < rows; row += 1) {
    if (row === 0 || person[row - 1] !== person[row]) start = row;
    const service = lines.service[row]!;
    if (service < 0) continue;
    const day = serviceDay[row]!;
    const kind = lines.kind[row]!;
    const last = lastOfService[service]!;
    if (last >= start) facts.previous[row] = last;
    lastOfService[service] = row;

    const acrossClinics = kind === KIND.consultation || kind === KIND.lab || kind === KIND.imaging;
    for (
      let other = facts.previous[row]!;
      other !== NONE && serviceDay[other] === day;
      other = facts.previous[other]!
    ) {
      if (clinic[other] !== clinic[row]) {
        // Within a day rows are sorted by clinic, so nothing of this clinic comes before another clinic's row.
        if (acrossClinics) facts.duplicateElsewhere[row] = other;
        break;
      }
      if (facts.duplicate[row] === NONE && tooth[other] === tooth[row] && doctor[other] === doctor[row]) {
        facts.duplicate[row] = other;
        if (!acrossClinics) break;
      }
    }

    if (episode[row]! >= 0) {
      let other = facts.previous[row]!;
      while (other !== NONE && episode[other] !== episode[row]) other = facts.previous[other]!;
      facts.episodeUnits[row] = quantity[row]! + (other === NONE ? 0 : facts.episodeUnits[other]!);
    }

    if (kind === KIND.consultation && services.specialty[service]! >= 0) {
      const key = services.specialty[service]! * clinics.count + clinic[row]!;
      const visit = lastVisit[key]!;
      const fresh = visit < start;
      if (fresh) visitBefore[key] = NONE;
      else if (serviceDay[visit]! < day) visitBefore[key] = visit;
      if (fresh || serviceDay[visit]! < day) lastVisit[key] = row;
      const before = visitBefore[key]!;
      const pack = settingsOn(settings, day, settings.primaryWindowDays, -1);
      if (before !== NONE && pack !== NONE && hasBit(settings.primary, pack, service)) {
        if (day - serviceDay[before]! <= settings.primaryWindowDays[pack]!) facts.primaryBefore[row] = before;
      }
    }

    const at = tooth[row]!;
    if (at >= 0) {
      const extraction = firstExtraction[at]!;
      const pulled = extraction >= start;
      if (pulled && serviceDay[extraction]! < day && kind === KIND.dental) facts.extraction[row] = extraction;
      if (!pulled && services.extraction[service]) firstExtraction[at] = row;
    }
  }
  return facts;
}
