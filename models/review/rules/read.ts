import { isoOfDay } from '../days';
import type { Evidence, Review } from '../rule';
import { NOT_BILLED, OPEN_END } from '../table';

/** Small readers that rules share to put names to what they have read. */

export function serviceOf({ compiled, lines }: Review, row: number): Evidence {
  const service = compiled.source.services[lines.service[row]!];
  return {
    serviceCode: service?.code ?? null,
    serviceName: service?.name ?? null,
    serviceKind: service?.kind ?? null,
  };
}

export function diagnosisOf({ compiled, table }: Review, row: number): Evidence {
  const diagnosis = compiled.source.diagnoses[table.diagnosis[row]!];
  return { diagnosisCode: diagnosis?.code ?? null, diagnosisName: diagnosis?.name || null };
}

export function programmeOf({ compiled, cover }: Review, row: number): Evidence {
  const programme = compiled.source.programmes[cover.programme[row]!];
  return { programmeCode: programme?.code ?? null, programmeName: programme?.name ?? null };
}

export function clinicOf({ compiled, table }: Review, row: number): Evidence {
  const clinic = compiled.source.clinics[table.clinic[row]!];
  return { clinicCode: clinic?.code ?? null, clinicName: clinic?.name || null };
}

export function letterOf({ subjects, table }: Review, row: number): Evidence {
  const letter = table.letter[row]!;
  return { letterNo: subjects.letters.letterNo[letter] ?? null };
}

/** Another line as evidence: which one, and when. `row` < 0 = there is none. */
export function lineRef(review: Review, row: number, prefix: string): Evidence {
  if (row < 0) return { [`${prefix}Line`]: null };
  const { table, compiled } = review;
  const service = compiled.source.services[review.lines.service[row]!];
  return {
    [`${prefix}Line`]: lineName(review, row),
    [`${prefix}Date`]: isoOfDay(table.serviceDay[row]!),
    [`${prefix}Service`]: service ? `${service.code} ${service.name}` : null,
    [`${prefix}Clinic`]: compiled.source.clinics[table.clinic[row]!]!.code,
  };
}

/** "C01 / 2509A-2 / 12": a line as its clinic knows it. One that is only asked for is in no invoice: "C01 / 12". */
export function lineName({ table, compiled }: Review, row: number): string {
  const clinic = compiled.source.clinics[table.clinic[row]!]!;
  const invoiceNo = table.invoices.no[table.invoice[row]!]!;
  const place = invoiceNo.startsWith(NOT_BILLED) ? [] : [invoiceNo];
  return [clinic.code, ...place, table.lineNo[row]].join(' / ');
}

export function dateOrNull(day: number | undefined): string | null {
  return day === undefined || day === OPEN_END ? null : isoOfDay(day);
}
