import { KIND, PAYMENT_MODE, UNKNOWN_KIND } from '../compile';
import { isoOfDay } from '../days';
import type { Evidence, Review, Rule } from '../rule';
import { CLINIC_UNKNOWN, HIT, NOT_CAPITATION, NO_KIND, NO_PRICE_ITEM, NO_SERVICE, PASS, insurerShare } from '../rule';
import { NONE } from '../table';
import { clinicOf, serviceOf } from './read';

const shared = {
  version: '1',
  scope: 'person',
  family: 'PRIC',
  severity: 'medium',
  ground: 'administrative',
} as const satisfies Partial<Rule>;

/** What may be billed by line in a clinic that is paid per head. */
const BESIDE_CAPITATION: ReadonlySet<number> = new Set([KIND.inpatient, KIND.surgery, KIND.dental]);

function itemOf({ compiled, table, lines }: Review, row: number): Evidence {
  const item = compiled.source.priceItems[table.item[row]!];
  const period = lines.period[row]!;
  return {
    itemCode: item?.code ?? null,
    itemName: item?.name || null,
    priceKopecks: period === NONE ? null : compiled.prices.price[period]!,
    priceFromDate: period === NONE ? null : isoOfDay(compiled.prices.from[period]!),
  };
}

export const PRIC_RULES: readonly Rule[] = [
  {
    ...shared,
    code: 'PRIC-01',
    id: 'no-price-item',
    atRisk: insurerShare,
    check: ({ lines }, row) => (lines.period[row] === NONE ? HIT : PASS),
    values: (review, row) => {
      const item = review.compiled.source.priceItems[review.table.item[row]!];
      return {
        ...clinicOf(review, row),
        ...itemOf(review, row),
        serviceDate: isoOfDay(review.table.serviceDay[row]!),
        knownPeriods: item?.periods.length ?? 0,
        variant: item && item.periods.length > 0 ? 'period' : 'code',
      };
    },
  },
  {
    ...shared,
    code: 'PRIC-02',
    id: 'price-above-contract',
    check: ({ lines, compiled, table }, row) => {
      const period = lines.period[row]!;
      if (period === NONE) return NO_PRICE_ITEM;
      return table.unitPrice[row]! > compiled.prices.price[period]! ? HIT : PASS;
    },
    atRisk: (review, row) => {
      const { table, compiled, lines } = review;
      const excess = table.unitPrice[row]! - compiled.prices.price[lines.period[row]!]!;
      return Math.min(insurerShare(review, row), excess * table.quantity[row]!);
    },
    values: (review, row) => ({
      ...itemOf(review, row),
      unitPriceKopecks: review.table.unitPrice[row]!,
      quantity: review.table.quantity[row]!,
    }),
  },
  {
    ...shared,
    code: 'PRIC-03',
    id: 'arithmetic',
    check: ({ table }, row) => (table.amount[row] === table.quantity[row]! * table.unitPrice[row]! ? PASS : HIT),
    // A sum that is too small costs the insurer nothing.
    atRisk: (review, row) => {
      const { table } = review;
      const excess = table.amount[row]! - table.quantity[row]! * table.unitPrice[row]!;
      return Math.min(insurerShare(review, row), Math.max(0, excess));
    },
    values: ({ table }, row) => ({
      quantity: table.quantity[row]!,
      unitPriceKopecks: table.unitPrice[row]!,
      amountKopecks: table.amount[row]!,
      expectedKopecks: table.quantity[row]! * table.unitPrice[row]!,
    }),
  },
  {
    ...shared,
    code: 'PRIC-04',
    id: 'capitation-billed-by-line',
    severity: 'high',
    atRisk: insurerShare,
    // The condition reads the kind (inpatient, surgery and dental are allowed), so without one it is not evaluated.
    check: ({ compiled, table, lines }, row) => {
      const clinic = table.clinic[row]!;
      if (!compiled.clinics.known[clinic]) return CLINIC_UNKNOWN;
      if (compiled.clinics.paymentMode[clinic] !== PAYMENT_MODE.capitation) return NOT_CAPITATION;
      const kind = lines.kind[row]!;
      if (kind === UNKNOWN_KIND) return lines.service[row]! < 0 ? NO_SERVICE : NO_KIND;
      return BESIDE_CAPITATION.has(kind) ? PASS : HIT;
    },
    values: (review, row) => ({
      ...clinicOf(review, row),
      ...serviceOf(review, row),
      paymentMode: review.compiled.source.clinics[review.table.clinic[row]!]?.paymentMode ?? null,
    }),
  },
];
