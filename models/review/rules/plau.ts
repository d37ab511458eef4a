import { KIND, UNKNOWN_KIND } from '../compile';
import { isSunday, isoOfDay } from '../days';
import { settingsOn } from '../facts/settings';
import { partOf } from '../money';
import type { Review, Rule } from '../rule';
import { CLINIC_UNKNOWN, HIT, NO_DOCTOR_TIME, NO_SERVICE, NO_SUCH_RULE, NO_TERM, PASS, insurerShare } from '../rule';
import { NONE } from '../table';
import { clinicOf, lineRef, serviceOf } from './read';

const shared = {
  version: '1',
  scope: 'person',
  family: 'PLAU',
  severity: 'medium',
  ground: 'administrative',
  atRisk: insurerShare,
} as const satisfies Partial<Rule>;

function invoiceDay({ table }: Review, row: number): number {
  return table.invoices.dateDay[table.invoice[row]!]!;
}

export const PLAU_RULES: readonly Rule[] = [
  {
    ...shared,
    code: 'PLAU-01',
    id: 'impossible-day',
    // An unknown clinic has no opening days: only the part about the invoice date is read for it.
    check: (review, row) => {
      const day = review.table.serviceDay[row]!;
      if (day > invoiceDay(review, row)) return HIT;
      const clinic = review.table.clinic[row]!;
      const { known, openSunday } = review.compiled.clinics;
      return known[clinic] && !openSunday[clinic] && isSunday(day) ? HIT : PASS;
    },
    values: (review, row) => {
      const day = review.table.serviceDay[row]!;
      const after = day > invoiceDay(review, row);
      return {
        ...clinicOf(review, row),
        serviceDate: isoOfDay(day),
        invoiceDate: isoOfDay(invoiceDay(review, row)),
        sunday: isSunday(day),
        openSunday: review.compiled.source.clinics[review.table.clinic[row]!]?.openSunday ?? null,
        variant: after ? 'future' : 'sunday',
      };
    },
  },
  {
    ...shared,
    code: 'PLAU-02',
    id: 'doctor-day-overfull',
    scope: 'doctor-day',
    suspects: ({ lines }) => lines.service,
    check: (review, row) => {
      if (review.lines.service[row]! < 0) return NO_SERVICE;
      const minutes = review.doctors.minutes[row]!;
      if (minutes === 0) return NO_DOCTOR_TIME;
      return minutes > maxMinutes(review, row) ? HIT : PASS;
    },
    atRisk: (review, row) => {
      const own = ownMinutes(review, row);
      return partOf(insurerShare(review, row), review.doctors.minutes[row]! - maxMinutes(review, row), own);
    },
    values: (review, row) => {
      const max = maxMinutes(review, row);
      return {
        ...serviceOf(review, row),
        doctor: review.table.doctors[review.table.doctor[row]!] ?? null,
        serviceDate: isoOfDay(review.table.serviceDay[row]!),
        ownMinutes: ownMinutes(review, row),
        minutes: review.doctors.minutes[row]!,
        maxMinutes: max === Infinity ? null : max,
      };
    },
  },
  {
    ...shared,
    code: 'PLAU-03',
    id: 'tooth',
    check: (review, row) => {
      const { table, lines, compiled, history } = review;
      const tooth = table.tooth[row]!;
      if (tooth >= 0 && !table.teeth.validTooth[tooth]) return HIT;
      if (history.extraction[row] !== NONE) return HIT;
      const kind = lines.kind[row]!;
      if (tooth >= 0) return PASS;
      if (kind === UNKNOWN_KIND) return NO_SERVICE;
      if (kind !== KIND.dental) return NO_SUCH_RULE;
      return compiled.services.namesTooth[lines.service[row]!] ? HIT : PASS;
    },
    values: (review, row) => {
      const { table, history } = review;
      const tooth = table.tooth[row]!;
      const invalid = tooth >= 0 && !table.teeth.validTooth[tooth];
      return {
        ...serviceOf(review, row),
        tooth: table.teeth.text[tooth] ?? null,
        ...lineRef(review, history.extraction[row]!, 'extraction'),
        variant: tooth < 0 ? 'missing' : invalid ? 'invalid' : 'extracted',
      };
    },
  },
  {
    ...shared,
    code: 'PLAU-04',
    id: 'billed-late',
    severity: 'low',
    check: (review, row) => {
      const clinic = review.table.clinic[row]!;
      if (!review.compiled.clinics.known[clinic]) return CLINIC_UNKNOWN;
      const term = review.compiled.clinics.billingTermDays[clinic]!;
      if (term < 0) return NO_TERM;
      return invoiceDay(review, row) > review.table.serviceDay[row]! + term ? HIT : PASS;
    },
    values: (review, row) => {
      const term = review.compiled.clinics.billingTermDays[review.table.clinic[row]!]!;
      const day = review.table.serviceDay[row]!;
      return {
        ...clinicOf(review, row),
        serviceDate: isoOfDay(day),
        invoiceDate: isoOfDay(invoiceDay(review, row)),
        termDays: term < 0 ? null : term,
        lastDate: term < 0 ? null : isoOfDay(day + term),
      };
    },
  },
];

/** max_doctor_minutes of the pack in force that day; Infinity when no pack says one. */
function maxMinutes({ compiled, table }: Review, row: number): number {
  const { settings } = compiled.medicine;
  const pack = settingsOn(settings, table.serviceDay[row]!, settings.maxDoctorMinutes, Infinity);
  return pack === NONE ? Infinity : settings.maxDoctorMinutes[pack]!;
}

function ownMinutes({ compiled, lines, table }: Review, row: number): number {
  const service = lines.service[row]!;
  return service < 0 ? 0 : compiled.services.minutes[service]! * table.quantity[row]!;
}
