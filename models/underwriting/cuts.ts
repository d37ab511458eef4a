import { quantileOf, sortedFinite } from './quantiles';
import { createRandom } from './random';
import type { Scored } from './score';
import { requireColumn } from './spec';
import { levelsOf, numbersOf } from './table';
import type { Factor } from './catalogue';

/** Statistics of one cut of a factor or a pair: what was paid and forecast there, with a 95 % interval. */
export interface CutStatistic {
  readonly cut: readonly string[];
  readonly rows: number;
  readonly exposure: number;
  readonly paid: number;
  readonly forecast: number;
  /** Paid per exposure and paid over forecast; intervals by bootstrap over groups' periods. */
  readonly rate: number;
  readonly ratio: number;
  readonly ratioLow: number;
  readonly ratioHigh: number;
}

/**
 * Statistics by the bands (numerics: up to 8 of equal size) or levels of one factor, or of two crossed.
 *
 * @throws AppError UNDERWRITING_COLUMNS when the table has no such column
 */
export function cutStatistics(
  scored: Scored,
  factors: readonly Factor[],
  codes: readonly string[],
  bands = 8,
): CutStatistic[] {
  for (const code of codes) requireColumn(scored.rows.table, 'factor', code);
  const labels = codes.map((code) =>
    labelsOf(
      scored,
      factors.find((factor) => factor.code === code),
      code,
      bands,
    ),
  );
  const cells = new Map<string, { cut: string[]; rows: number[] }>();
  for (let row = 0; row < scored.rows.table.rows; row++) {
    if (Number.isNaN(scored.rows.total[row]!)) continue;
    const cut = labels.map((label) => label(row));
    const key = cut.join('\u0000');
    const cell = cells.get(key);
    if (cell === undefined) cells.set(key, { cut, rows: [row] });
    else cell.rows.push(row);
  }
  return [...cells.values()]
    .map(({ cut, rows }) => statisticOf(scored, cut, rows))
    .sort((a, b) => compare(a.cut, b.cut));
}

function statisticOf({ rows, prediction }: Scored, cut: readonly string[], members: readonly number[]): CutStatistic {
  const bySet = new Map<number, [number, number]>();
  let exposure = 0;
  for (const row of members) {
    const own = bySet.get(rows.keyed.sets.of[row]!) ?? [0, 0];
    own[0] += rows.total[row]!;
    own[1] += prediction[row]!;
    bySet.set(rows.keyed.sets.of[row]!, own);
    exposure += rows.exposure[row]!;
  }
  const pairs = [...bySet.values()];
  const ratioOf = (list: readonly [number, number][]): number => {
    let paid = 0;
    let forecast = 0;
    for (const [a, b] of list) {
      paid += a;
      forecast += b;
    }
    return paid / Math.max(forecast, 1e-9);
  };
  const random = createRandom(pairs.length);
  const draws = Float64Array.from({ length: 200 }, () =>
    ratioOf(pairs.map(() => pairs[Math.floor(random() * pairs.length)]!)),
  ).sort();
  const paid = pairs.reduce((sum, [a]) => sum + a, 0);
  return {
    cut,
    rows: members.length,
    exposure,
    paid,
    forecast: pairs.reduce((sum, [, b]) => sum + b, 0),
    rate: paid / Math.max(exposure, 1e-9),
    ratio: ratioOf(pairs),
    ratioLow: quantileOf(draws, 0.025),
    ratioHigh: quantileOf(draws, 0.975),
  };
}

function labelsOf({ rows }: Scored, factor: Factor | undefined, code: string, bands: number): (row: number) => string {
  const column = rows.table.data.get(code);
  if (factor?.kind === 'category' || column?.kind === 'text') {
    const { codes, levels } = levelsOf(rows.table, code);
    return (row) => (codes[row]! < 0 ? '–' : levels[codes[row]!]!);
  }
  const values = numbersOf(rows.table, code);
  const sorted = sortedFinite(values);
  const distinct = [...new Set(sorted)];
  if (distinct.length <= bands + 2) return (row) => (Number.isNaN(values[row]!) ? '–' : String(values[row]));
  const edges = [...new Set(Array.from({ length: bands + 1 }, (_, k) => quantileOf(sorted, k / bands)))];
  return (row) => {
    if (Number.isNaN(values[row]!)) return '–';
    let band = 1;
    while (band < edges.length - 1 && values[row]! > edges[band]!) band++;
    return `${Number(edges[band - 1]!.toPrecision(4))} … ${Number(edges[band]!.toPrecision(4))}`;
  };
}

function compare(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [Number.parseFloat(a[i]!), Number.parseFloat(b[i]!)];
    const order = Number.isNaN(x) || Number.isNaN(y) ? a[i]!.localeCompare(b[i]!) : x - y;
    if (order !== 0) return order;
  }
  return 0;
}
