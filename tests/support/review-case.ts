import type { Row, WorldRows } from '../../models/review/from-rows';
import { reviewWorld } from './review-world';
import { CLINICS, CONTRACTS, DIAGNOSES, PACK, PROGRAMMES, SERVICES } from './world-generator/book';

/**
 * One sentence of `formats.md` per case. Each case bills a few lines of one person in the generator's small book and
 * names every finding of the last line; FILL marks what a case does not set.
 */
export const PERSON = { policy_no: '1', sex: 'F', birth_date: '1990-01-01', enrolled_to: '2026-12-31' };
const FILL: Row = {
  clinic_code: 'C2',
  invoice_no: '1',
  invoice_date: '2025-03-14',
  line_no: '1',
  policy_no: '1',
  service_date: '2025-03-12',
  diagnosis_code: 'P07.1',
  service: 'Z99.001',
  item_name: '',
  quantity: '1',
  unit_price_rub: '100.00',
  patient_share_rub: '0.00',
  doctor_id: '',
  tooth: '',
  letter_no: '',
  episode_no: '',
};
export const LETTER = {
  letter_no: 'L',
  policy_no: '1',
  clinic_code: 'C2',
  service_code: 'Z99.001',
  quantity: '2',
  amount_rub: '200.00',
  valid_from: '2025-03-10',
  valid_to: '2025-03-12',
};

export interface Given {
  enrolments?: Row[];
  letters?: Row[];
  programme?: Partial<WorldRows['programmes'][number]>;
  pack?: Partial<WorldRows['guidelines'][number]>;
}

/** Codes of the last of a few lines of one person, everything else being in order. */
export function codesOfLastLine(lines: readonly Row[], given: Given = {}): string[] {
  const invoices = lines.map((line, i): Row => {
    const row: Row = { ...FILL, line_no: String(i + 1), ...line };
    const amount = (Number(row.quantity) * Number(row.unit_price_rub)).toFixed(2);
    return { amount_rub: amount, item_code: row.service!, ...row };
  });
  const programmes = [
    {
      ...PROGRAMMES[2]!,
      clinics: ['C2', 'C10', 'Ж1'],
      covered_kinds: SERVICES.map((s) => s.kind!),
      excluded_services: [],
      waiting_days: 0,
      service_limits: [],
      ...given.programme,
    },
    { ...PROGRAMMES[2]!, programme_code: 'NARROW', clinics: [] },
  ];
  const world: WorldRows = {
    nomenclature: SERVICES,
    diagnoses: DIAGNOSES,
    clinics: CLINICS.map((clinic) => ({
      ...clinic,
      open_sunday: '1',
      payment_mode: 'fee-for-service',
      billing_term_days: '30',
    })),
    priceItems: CLINICS.flatMap(({ clinic_code }) =>
      SERVICES.map((s) => ({
        clinic_code: clinic_code!,
        item_code: s.service_code!,
        item_name: '',
        service_code: s.service_code!,
        price_rub: '100.00',
        valid_from: '2020-01-01',
        valid_to: '',
      })),
    ),
    contracts: CONTRACTS,
    programmes,
    insured: given.enrolments ?? [{ ...PERSON, programme_code: 'P3', enrolled_from: '2025-01-01' }],
    letters: given.letters ?? [],
    guidelines: [{ ...PACK, demographics: [], pairs: [], guidelines: [], ...given.pack }],
    invoices,
  };
  const last = invoices.at(-1)!;
  const key = `${last.clinic_code}|${last.invoice_no}|${last.line_no} `;
  return reviewWorld(world)
    .findings.filter((found) => found.startsWith(key))
    .map((found) => found.slice(key.length));
}

/** A sentence of `formats.md`, the lines, what differs from the quiet default, and every code of the last line. */
export type Case = [sentence: string, lines: Row[], given: Given, codes: string[]];
export const lab = { service: 'A09.05.001' };
export const visit = { service: 'B01.047.001' };
