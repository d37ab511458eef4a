import type { Factor } from './catalogue';
import { quantileOf, sortedFinite } from './quantiles';
import type { ModelRows } from './rows';
import { levelsOf, numbersOf } from './table';

/** A tariff book: rate per unit of base by cell of a few factors, thin cells drawn to the mean. */
export interface ManualTariff {
  readonly factors: readonly { readonly code: string; readonly cuts: readonly number[]; readonly category: boolean }[];
  readonly rates: Readonly<Record<string, number>>;
  readonly mean: number;
}

/** The house tariff: clinic level x programme level x dentistry x age band. */
const HOUSE = ['clinic_level', 'programme_level', 'dental_included', 'age_mean'];
/** Exposure that a cell must have to count as much as the mean: an empty cell priced at zero ruins a deviance. */
const CELL_EXPOSURE = 50;

/** Fits the tariff book; where the house factors are absent, the four that separate the rates best. */
export function fitTariff(rows: ModelRows, factors: readonly Factor[]): ManualTariff {
  const available = factors.filter(({ code }) => rows.table.columns.includes(code));
  const house = available.filter(({ code }) => HOUSE.includes(code));
  const chosen = house.length === HOUSE.length ? house : strongest(rows, available).slice(0, 3);
  const used = chosen.map(({ code, kind }) => ({
    code,
    category: kind === 'category',
    cuts: kind === 'category' ? [] : cutsOf(numbersOf(rows.table, code), code === 'age_mean' ? 5 : 4),
  }));
  const sum = rows.total.reduce((a, b) => a + b, 0);
  const base = rows.base.reduce((a, b) => a + b, 0);
  const mean = base > 0 ? sum / base : 0;
  const exposure = rows.exposure.reduce((a, b) => a + b, 0);
  const prior = (CELL_EXPOSURE * base) / Math.max(exposure, 1e-9);
  const cells = new Map<string, [number, number]>();
  const keys = cellKeys(rows, used);
  keys.forEach((key, row) => {
    const own = cells.get(key) ?? [0, 0];
    own[0] += rows.total[row]!;
    own[1] += rows.base[row]!;
    cells.set(key, own);
  });
  const rates = Object.fromEntries([...cells].map(([key, [y, b]]) => [key, (y + prior * mean) / (b + prior)]));
  return { factors: used, rates, mean };
}

/** Tariff totals of rows. */
export function tariffTotals(tariff: ManualTariff, rows: ModelRows): Float64Array {
  return Float64Array.from(
    cellKeys(rows, tariff.factors),
    (key, row) => rows.base[row]! * (tariff.rates[key] ?? tariff.mean),
  );
}

function cellKeys(rows: ModelRows, used: ManualTariff['factors']): string[] {
  const keys = Array.from({ length: rows.table.rows }, () => '');
  for (const { code, cuts, category } of used) {
    if (category) {
      const { codes, levels } = levelsOf(rows.table, code);
      codes.forEach((level, row) => (keys[row] += `|${level < 0 ? '' : levels[level]}`));
    } else {
      numbersOf(rows.table, code).forEach((value, row) => {
        keys[row] += `|${Number.isNaN(value) ? '' : cuts.filter((cut) => value > cut).length}`;
      });
    }
  }
  return keys;
}

function cutsOf(values: Float64Array, bands: number): number[] {
  const sorted = sortedFinite(values);
  const distinct = [...new Set(sorted)];
  if (distinct.length <= 6) return distinct.slice(0, -1);
  return [...new Set(Array.from({ length: bands - 1 }, (_, k) => quantileOf(sorted, (k + 1) / bands)))];
}

function strongest(rows: ModelRows, factors: readonly Factor[]): Factor[] {
  const scored = factors.map((factor) => {
    const cuts = factor.kind === 'category' ? [] : cutsOf(numbersOf(rows.table, factor.code), 4);
    const keys = cellKeys(rows, [{ code: factor.code, cuts, category: factor.kind === 'category' }]);
    const cells = new Map<string, [number, number]>();
    keys.forEach((key, row) => {
      const own = cells.get(key) ?? [0, 0];
      own[0] += rows.total[row]!;
      own[1] += rows.base[row]!;
      cells.set(key, own);
    });
    let between = 0;
    for (const [y, b] of cells.values()) if (b > 0) between += (y * y) / b;
    return { factor, between };
  });
  return scored.sort((a, b) => b.between - a.between).map(({ factor }) => factor);
}
