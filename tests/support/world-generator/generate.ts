import type { WorldRows } from '../../../models/review/from-rows';
import { CLINICS, CLINIC_CODES, CONTRACTS, DIAGNOSES, LINE_DIAGNOSES, PACK, PROGRAMMES, SERVICES } from './book';
import type { Chance } from './random';
import { createChance } from './random';

type Row = Record<string, string>;

/** Days around two ends of February, one in a leap year: short spans make intervals, windows and limits meet. */
const SPANS: readonly [string, number][] = [
  ['2024-02-22', 16],
  ['2025-02-20', 16],
];
const BIRTHS = [
  '2000-02-29',
  '2004-02-29',
  '2024-02-29',
  '2006-03-01',
  '1984-02-28',
  '2007-02-25',
  '1985-02-27',
  '2023-03-02',
];

/** A world in the exchange format from a seed: about `people` x 12 lines at and around every boundary. */
export function generateWorld(seed: number, people: number): WorldRows {
  const chance = createChance(seed);
  const priceItems = makePriceItems(chance);
  const insured = Array.from({ length: people }, (_, i) => makeInsured(chance, i)).flat();
  const policies = [...new Set(insured.map((row) => row.policy_no!)), 'X-1', 'X-2'];
  const letters = policies.flatMap((policy) => makeLetters(chance, policy));
  return {
    nomenclature: SERVICES,
    diagnoses: DIAGNOSES,
    clinics: CLINICS,
    priceItems,
    contracts: CONTRACTS,
    programmes: PROGRAMMES,
    insured,
    letters,
    guidelines: [PACK],
    invoices: policies.flatMap((policy, i) => makeLines(chance, policy, i, { priceItems, letters, insured })),
  };
}

function makePriceItems(chance: Chance): Row[] {
  return CLINIC_CODES.flatMap((clinic_code) =>
    SERVICES.flatMap((service, i): Row[] => {
      const item = { clinic_code, item_code: `I${i}`, item_name: service.name!, price_rub: `${chance.int(1, 9)}00.00` };
      const open = { valid_from: '2023-01-01', valid_to: '' };
      if (chance.hit(0.03)) return [{ ...item, ...open, service_code: '' }];
      const first = { ...item, ...open, service_code: service.service_code! };
      if (chance.hit(0.3)) return [first];
      // Overlapping, touching and ending periods, some of them mapped to another service.
      const mapped = chance.hit(0.1) ? chance.pick(SERVICES).service_code! : service.service_code!;
      const later = { ...first, service_code: mapped, price_rub: '333.33', valid_from: date(chance, '2025-02-24', 6) };
      if (chance.hit(0.2)) return [{ ...first, valid_to: date(chance, '2025-02-24', 6) }];
      return chance.hit(0.5) ? [first, later] : [later, { ...first, valid_to: '2025-02-26' }];
    }),
  );
}

function makeInsured(chance: Chance, i: number): Row[] {
  const person = {
    policy_no: `50${i}`,
    sex: chance.pick(['M', 'F']),
    birth_date: chance.hit(0.8) ? chance.pick(BIRTHS) : date(chance, '1985-02-20', 15),
  };
  const enrolment = (from: string, to: string): Row => ({
    ...person,
    programme_code: chance.pick(['P1', 'P2', 'P3']),
    enrolled_from: from,
    enrolled_to: to,
  });
  const whole = enrolment('2023-01-01', '2026-01-01');
  if (chance.hit(0.4)) return [whole];
  const second = enrolment(
    date(chance, '2025-02-18', 10),
    chance.hit(0.5) ? '2025-12-31' : date(chance, '2025-02-28', 6),
  );
  if (chance.hit(0.5)) return [second];
  return chance.hit(0.5) ? [whole, second] : [second, { ...whole, enrolled_to: '2025-02-25' }];
}

function makeLetters(chance: Chance, policy_no: string): Row[] {
  return Array.from({ length: chance.int(0, 3) }, (_, i) => ({
    letter_no: `L-${policy_no}-${i}`,
    policy_no,
    clinic_code: chance.pick(CLINIC_CODES),
    service_code: chance.pick(['A04.10.002', 'A16.01.001', 'A04.10.001', 'A16.07.002']),
    quantity: String(chance.int(1, 3)),
    amount_rub: `${chance.int(3, 20)}00.00`,
    valid_from: date(chance, '2025-02-18', 6),
    valid_to: date(chance, '2025-02-26', 6),
  }));
}

interface Book {
  priceItems: Row[];
  letters: Row[];
  insured: Row[];
}

function makeLines(chance: Chance, policy_no: string, person: number, book: Book): Row[] {
  const [from, days] = chance.pick(SPANS);
  const own = book.letters.filter((letter) => letter.policy_no === policy_no);
  const enrolment = book.insured.find((row) => row.policy_no === policy_no);
  const programme = PROGRAMMES.find((p) => p.programme_code === enrolment?.programme_code);
  const lines: Row[] = [];
  for (let n = chance.int(4, 20); n > 0; n -= 1) {
    const letter = own.length > 0 && chance.hit(0.35) ? chance.pick(own) : undefined;
    const repeat = lines.length > 0 && chance.hit(0.35) ? chance.pick(lines) : undefined;
    const clinic_code = (chance.hit(0.7) && (letter ?? repeat)?.clinic_code) || chance.pick(CLINIC_CODES);
    const service =
      letter && chance.hit(0.8) ? SERVICES.findIndex((row) => row.service_code === letter.service_code) : -1;
    const item_code =
      service >= 0
        ? `I${service}`
        : (repeat?.item_code ?? `I${chance.hit(0.3) ? chance.int(0, 4) : chance.int(0, SERVICES.length)}`);
    const service_date = repeat && chance.hit(0.5) ? repeat.service_date! : date(chance, from, days);
    const quantity = chance.hit(0.8) ? 1 : chance.int(2, 4);
    const price = Number(
      book.priceItems.find((row) => row.clinic_code === clinic_code && row.item_code === item_code)?.price_rub ?? 100,
    );
    const unit = Math.round(price * 100) + (chance.hit(0.05) ? chance.pick([1, -1, 100]) : 0);
    const amount = quantity * unit + (chance.hit(0.04) ? chance.pick([1, -1]) : 0);
    const percent = programme?.franchise_percent ?? 0;
    const share = Math.floor((amount * percent) / 100 + 0.5) + (chance.hit(0.05) ? 1 : 0);
    lines.push({
      clinic_code,
      // Few numbers, shared by people and clinics; the date depends on the number, as on real paper.
      ...invoiceOf(chance, service_date),
      line_no: String(person * 40 + lines.length + 1),
      policy_no,
      service_date,
      diagnosis_code: chance.hit(0.5) ? chance.pick(['J01.1', 'K02.1', 'J01.0']) : chance.pick(LINE_DIAGNOSES),
      item_code,
      item_name: '',
      quantity: String(quantity),
      unit_price_rub: rub(unit),
      amount_rub: rub(amount),
      patient_share_rub: rub(share),
      doctor_id: repeat && chance.hit(0.5) ? repeat.doctor_id! : chance.hit(0.85) ? `D${chance.int(1, 6)}` : '',
      tooth: chance.hit(0.55)
        ? ''
        : chance.pick(['11', '48', '51', '85', '11', '11', '19', '49', '86', '0', '5', '1a']),
      letter_no: letter
        ? letter.letter_no!
        : chance.hit(0.05)
          ? 'L-none'
          : chance.hit(0.05) && book.letters.length > 0
            ? chance.pick(book.letters).letter_no!
            : '',
      episode_no: chance.hit(0.7) ? `E${chance.int(1, 2)}` : '',
    });
  }
  return lines;
}

function invoiceOf(chance: Chance, service_date: string): Row {
  const invoice_date = shift(service_date, chance.pick([0, 5, 10, 15, 16, 20, 21, 25, 26, 30, 31, -1]));
  return { invoice_no: `${chance.pick(['9', '10', 'Б', 'A'])}/${invoice_date}`, invoice_date };
}

function date(chance: Chance, from: string, days: number): string {
  return shift(from, chance.int(0, days));
}

function shift(iso: string, days: number): string {
  return new Date(Date.parse(iso) + days * 86_400_000).toISOString().slice(0, 10);
}

function rub(kopecks: number): string {
  return (kopecks / 100).toFixed(2);
}
