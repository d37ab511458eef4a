import type { TensorFlow } from './backend';
import type { UnderwritingModel } from './model';
import { encodeFor, memberLogs } from './expectation';
import { quantileOf, sortedFinite } from './quantiles';
import { readRows } from './rows';
import { requireColumn } from './spec';
import type { Table } from './table';
import { levelsOf, numbersOf, withColumn } from './table';

export interface AlePoint {
  readonly value: string;
  /** Factor on the price, 1 on average over the rows. */
  readonly effect: number;
  readonly rows: number;
  readonly exposure: number;
}

/**
 * Accumulated local effects (Apley & Zhu 2020) of a factor over a table: differences of the log forecast across each
 * bin for the rows that lie in it, added up and centred; robust where factors go together, as price and level do.
 * Categories: mean difference when each row takes the level. Competition is kept as it is in each programme.
 *
 * @throws AppError UNDERWRITING_COLUMNS when the table has no such factor
 */
export function accumulatedEffects(
  tf: TensorFlow | null,
  model: UnderwritingModel,
  table: Table,
  code: string,
  bins = 10,
): AlePoint[] {
  requireColumn(table, 'factor', code);
  const factor = model.factors.find((one) => one.code === code);
  const logsOf = (changed: Table): Float64Array => {
    const rows = readRows(
      changed,
      model.columns,
      model.factors.map((one) => one.code),
      model.lastIndex,
    );
    const logs = memberLogs(tf, model, model.members, rows, encodeFor(model, rows));
    return logs[0]!.map((_, row) => logs.reduce((sum, own) => sum + own[row]!, 0) / logs.length);
  };
  const rows = readRows(table, model.columns, [], model.lastIndex);
  if (factor?.kind === 'category') return levelEffects(table, code, logsOf, rows.exposure);
  const values = numbersOf(table, code);
  const sorted = sortedFinite(values);
  const distinct = [...new Set(sorted)];
  const edges =
    distinct.length <= bins + 1
      ? distinct
      : [...new Set(Array.from({ length: bins + 1 }, (_, k) => quantileOf(sorted, k / bins)))];
  if (edges.length < 2) return [];
  const bin = values.map((value) => {
    let k = 1;
    while (k < edges.length - 1 && value > edges[k]!) k++;
    return Number.isNaN(value) ? 0 : k;
  });
  const at = (side: 0 | 1): Float64Array =>
    logsOf(
      withColumn(table, code, {
        kind: 'number',
        values: values.map((value, row) => (bin[row] === 0 ? value : edges[bin[row]! - 1 + side]!)),
      }),
    );
  const [low, high] = [at(0), at(1)];
  const sums = edges.map(() => ({ change: 0, rows: 0, exposure: 0 }));
  values.forEach((_, row) => {
    const own = sums[bin[row]!]!;
    if (bin[row] === 0) return;
    own.change += high[row]! - low[row]!;
    own.rows++;
    own.exposure += rows.exposure[row]!;
  });
  let level = 0;
  const levels = sums.map(({ change, rows: count }, k) => (k === 0 ? 0 : (level += count > 0 ? change / count : 0)));
  let centre = 0;
  let weight = 0;
  sums.forEach(({ exposure }, k) => {
    if (k === 0) return;
    centre += (exposure * (levels[k - 1]! + levels[k]!)) / 2;
    weight += exposure;
  });
  return edges.map((edge, k) => ({
    value: String(edge),
    effect: Math.exp(levels[k]! - centre / Math.max(weight, 1e-9)),
    rows: sums[k]!.rows,
    exposure: sums[k]!.exposure,
  }));
}

function levelEffects(
  table: Table,
  code: string,
  logsOf: (changed: Table) => Float64Array,
  exposure: Float64Array,
): AlePoint[] {
  const { levels, codes } = levelsOf(table, code);
  const means = levels.map((_, level) => {
    const logs = logsOf(
      withColumn(table, code, { kind: 'text', codes: new Int32Array(table.rows).fill(level), levels }),
    );
    return logs.reduce((a, b) => a + b, 0) / Math.max(table.rows, 1);
  });
  const counts = levels.map(() => ({ rows: 0, exposure: 0 }));
  codes.forEach((level, row) => {
    if (level < 0) return;
    counts[level]!.rows++;
    counts[level]!.exposure += exposure[row]!;
  });
  const weight = counts.reduce((sum, own) => sum + own.exposure, 0);
  const centre = means.reduce((sum, mean, k) => sum + mean * counts[k]!.exposure, 0) / Math.max(weight, 1e-9);
  return levels.map((value, k) => ({ value, effect: Math.exp(means[k]! - centre), ...counts[k]! }));
}
