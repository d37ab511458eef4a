import { isoOfDay } from '../../review/days';
import { AGE_UNKNOWN } from '../../review/facts/cover';
import { KIND } from '../../review/compile';
import type { Review } from '../../review/rule';
import { insurerShare } from '../../review/rule';
import { NO_LETTER, SEX_FEMALE, SEX_MALE } from '../../review/table';
import type { FactValue, LineFacts } from './fields';

/** What expert tables read beside the review: plain facts that no table of the engine holds. */
export interface FactSource {
  /** By position of the clinic. */
  readonly city: (clinic: number) => string;
  readonly level: (clinic: number) => number;
  readonly fastLane: (clinic: number) => boolean;
  readonly rating: (clinic: number) => number | null;
  /** Days of refused lines by position of the person: history itself never holds them. */
  readonly refusedDays: (person: number) => readonly number[];
}

/** The four facts by which the index picks tables: cheap, so that most lines cost nothing more. */
export function scopeFacts({ compiled, table, lines }: Review, row: number): LineFacts {
  const { services, diagnoses, clinics } = compiled.source;
  const service = services[lines.service[row]!];
  return {
    'line.service': service?.code ?? null,
    'line.serviceKind': service?.kind ?? null,
    'line.diagnosis': diagnoses[table.diagnosis[row]!]?.code ?? null,
    'clinic.code': clinics[table.clinic[row]!]?.code ?? '',
  };
}

/** Every fact of the catalogue (`fields.ts`) for one line of a person-scope review. `findings`: those of other rules. */
export function lineFactsOf(review: Review, row: number, findings: number, source: FactSource): LineFacts {
  return {
    ...scopeFacts(review, row),
    ...billed(review, row),
    ...cover(review, row),
    ...clinic(review, row, source),
    ...history(review, row, source),
    'line.findings': findings,
  };
}

function billed(review: Review, row: number): Record<string, FactValue> {
  const { table, compiled, lines } = review;
  const day = table.serviceDay[row]!;
  const minutes = compiled.services.minutes[lines.service[row]!] ?? 0;
  return {
    'line.quantity': table.quantity[row]!,
    'line.unitPriceRub': table.unitPrice[row]! / 100,
    'line.amountRub': table.amount[row]! / 100,
    'line.insurerShareRub': insurerShare(review, row) / 100,
    'line.serviceDate': isoOfDay(day),
    // 1970-01-01 was a Thursday.
    'line.weekday': ((((day + 3) % 7) + 7) % 7) + 1,
    'line.invoiceDelayDays': table.invoices.dateDay[table.invoice[row]!]! - day,
    'line.tooth': table.teeth.text[table.tooth[row]!] ?? null,
    'line.hasLetter': table.letter[row]! !== NO_LETTER,
    'line.doctorKnown': table.doctor[row]! >= 0,
    'line.doctorMinutes': minutes === 0 ? null : minutes,
  };
}

function cover(review: Review, row: number): Record<string, FactValue> {
  const { subjects, table, compiled } = review;
  const person = table.person[row]!;
  const age = review.cover.age[row]!;
  const sex = subjects.persons.sex[person]!;
  const enrolment = review.cover.enrolment[row]!;
  const programme = compiled.source.programmes[review.cover.programme[row]!];
  const limit = programme?.annualLimit ?? null;
  const since = enrolment < 0 ? null : table.serviceDay[row]! - subjects.enrolments.fromDay[enrolment]!;
  return {
    'person.age': age === AGE_UNKNOWN ? null : age,
    'person.sex': sex === SEX_MALE ? 'M' : sex === SEX_FEMALE ? 'F' : null,
    'person.daysEnrolled': since,
    'programme.code': programme?.code ?? null,
    'programme.franchisePercent': programme === undefined ? null : Number(programme.franchisePercent),
    'programme.limitUsedPercent': limit === null || limit === 0 ? null : (review.cover.shareTotal[row]! / limit) * 100,
    'history.shareYearRub': review.cover.shareTotal[row]! / 100,
  };
}

function clinic({ table, compiled }: Review, row: number, source: FactSource): Record<string, FactValue> {
  const place = table.clinic[row]!;
  return {
    'clinic.city': source.city(place),
    'clinic.level': source.level(place),
    'clinic.paymentMode': compiled.source.clinics[place]?.paymentMode ?? null,
    'clinic.rating': source.rating(place),
    'clinic.fastLane': source.fastLane(place),
  };
}

/** The person's lines before this one, at most a year back; lines of the same day count in both directions. */
function history(review: Review, row: number, source: FactSource): Record<string, FactValue> {
  const { table, lines } = review;
  const { person, serviceDay, quantity } = table;
  const day = serviceDay[row]!;
  const service = lines.service[row]!;
  const sums = { same30: 0, same90: 0, same365: 0, visits30: 0, imaging90: 0, physio90: 0, sameDay: 1 };
  const clinics = new Set([table.clinic[row]!]);
  for (let at = row - 1; at >= 0 && person[at] === person[row]; at -= 1) {
    const ago = day - serviceDay[at]!;
    if (ago > 365) break;
    const units = quantity[at]!;
    if (ago === 0) sums.sameDay += 1;
    if (service >= 0 && lines.service[at] === service) {
      sums.same365 += units;
      if (ago <= 90) sums.same90 += units;
      if (ago <= 30) sums.same30 += units;
    }
    if (ago <= 90 && lines.kind[at] === KIND.imaging) sums.imaging90 += units;
    if (ago <= 90 && lines.kind[at] === KIND.physio) sums.physio90 += units;
    if (ago > 30) continue;
    clinics.add(table.clinic[at]!);
    if (lines.kind[at] === KIND.consultation) sums.visits30 += 1;
  }
  for (let at = row + 1; at < table.rows && person[at] === person[row] && serviceDay[at] === day; at += 1) {
    sums.sameDay += 1;
  }
  const previous = review.history.previous[row]!;
  return {
    'history.sameService30': sums.same30,
    'history.sameService90': sums.same90,
    'history.sameService365': sums.same365,
    'history.daysSinceSameService': previous < 0 ? null : day - serviceDay[previous]!,
    'history.visits30': sums.visits30,
    'history.clinics30': clinics.size,
    'history.linesSameDay': sums.sameDay,
    'history.refused365': source.refusedDays(person[row]!).filter((each) => each < day && day - each <= 365).length,
    'history.imaging90': sums.imaging90,
    'history.physio90': sums.physio90,
  };
}
