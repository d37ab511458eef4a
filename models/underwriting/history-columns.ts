import type { Factor } from './catalogue';
import type { ToldCell } from './panel';
import { quantileOf, sortedFinite } from './quantiles';
import type { ModelRows } from './rows';
import type { Table } from './table';
import { numbersOf } from './table';

/**
 * Which history factors repeat last period's totals: `total of the group = rate x exposure x scale`. Learnt by
 * comparing the columns with the rows of the period before; columns that do not match stay ordinary factors.
 */
export interface HistoryRoles {
  readonly groupRate?: { readonly code: string; readonly scale: number };
  readonly cellRate?: {
    readonly code: string;
    readonly scale: number;
    /** Whether a 0 says that nothing was paid; else it also stands for an entity that the group did not have. */
    readonly zeroIsPaid?: boolean;
  };
  readonly exposure?: string;
  /** Whether that exposure is the sum over the rows of a set, not the one that all of them repeat. */
  readonly exposureIsSum?: boolean;
  /** Factor by which the price level rises in one period. */
  readonly growth: number;
}

/** Codes of factors that belong to the history group or are named so. */
export function historyFactors(factors: readonly Factor[], index?: string): Factor[] {
  return factors.filter(
    ({ code, group, kind }) =>
      kind !== 'category' &&
      code !== index &&
      (group.toLowerCase() === 'history' || /(^|_)(prior|previous|prev|last_year|lag)(_|$)/i.test(code)),
  );
}

/** Finds the roles of history columns in rows that also hold the periods they tell of; null when none matches. */
export function findHistoryRoles(rows: ModelRows, factors: readonly Factor[], index?: string): HistoryRoles | null {
  const candidates = historyFactors(factors, index);
  const { groupOf, entityOf, time } = rows.keyed;
  if (candidates.length === 0 || rows.keyed.groups.length === 0) return null;
  const periods = [...new Set(time)].sort((a, b) => a - b);
  if (periods.length < 2) return null;
  const before = new Map(periods.slice(1).map((period, i) => [period, periods[i]!]));
  const totals = new Map<string, number>();
  const cells = new Map<string, number>();
  const exposures = new Map<string, number>();
  const sums = new Map<string, number>();
  const add = (map: Map<string, number>, key: string, value: number) => map.set(key, (map.get(key) ?? 0) + value);
  for (let row = 0; row < time.length; row++) {
    add(totals, `${groupOf[row]}|${time[row]}`, rows.total[row]!);
    add(cells, `${groupOf[row]}|${entityOf[row]}|${time[row]}`, rows.total[row]!);
    exposures.set(`${groupOf[row]}|${time[row]}`, rows.exposure[row]!);
    add(sums, `${groupOf[row]}|${time[row]}`, rows.exposure[row]!);
  }
  const past = (map: Map<string, number>, key: (row: number, period: number) => string, row: number): number => {
    const period = before.get(time[row]!);
    return period === undefined ? Number.NaN : (map.get(key(row, period)) ?? Number.NaN);
  };
  const groupKey = (row: number, period: number): string => `${groupOf[row]}|${period}`;
  const cellKey = (row: number, period: number): string => `${groupOf[row]}|${entityOf[row]}|${period}`;
  const columns = candidates.map(({ code }) => ({ code, values: numbersOf(rows.table, code) }));
  const repeats = (map: Map<string, number>) =>
    columns.find(({ values }) => matches(values, (row) => past(map, groupKey, row)) !== null);
  const shared = repeats(exposures);
  const exposure = shared ?? repeats(sums);
  // Rows of one entity that share its past would each count it.
  const single = cells.size > 0.98 * time.length;
  const unit = (row: number): number => (exposure === undefined ? rows.exposure[row]! : exposure.values[row]!);
  const found: { -readonly [K in keyof HistoryRoles]: HistoryRoles[K] } = { growth: growthOf(rows) };
  for (const { code, values } of columns) {
    if (code === exposure?.code) continue;
    const amounts = values.map((value, row) => value * unit(row));
    const scale = matches(amounts, (row) => past(totals, groupKey, row));
    const cellScale = matches(amounts, (row) => past(cells, cellKey, row));
    if (scale !== null && found.groupRate === undefined) found.groupRate = { code, scale };
    else if (single && cellScale !== null && found.cellRate === undefined) {
      const zeroIsPaid = saysNothingPaid(values, (row) => [past(totals, groupKey, row), past(cells, cellKey, row)]);
      found.cellRate = { code, scale: cellScale, zeroIsPaid };
    }
  }
  if (found.groupRate === undefined && found.cellRate === undefined) return null;
  if (exposure !== undefined) found.exposure = exposure.code;
  if (exposure !== undefined && shared === undefined) found.exposureIsSum = true;
  return found;
}

/** Codes that the roles use up: they reach the price through credibility, not through the network. */
export function roleCodes(roles: HistoryRoles | null): string[] {
  return roles === null
    ? []
    : [roles.groupRate?.code, roles.cellRate?.code, roles.exposure].filter(
        (code): code is string => code !== undefined,
      );
}

/**
 * The cells of the period before, told by the history columns of a set of rows. An empty cell is no
 * experience, a 0 is where the book has it say that nothing was paid. Without cells of their own the entities share the group's total by expectation. Empty when nothing is told.
 *
 * @param rows - row indices of one group in one period
 * @param expected - the model's expectation of each row of the table (this period, this exposure)
 */
export function toldCells(
  roles: HistoryRoles,
  table: Table,
  rows: Int32Array,
  expected: ArrayLike<number>,
  exposure: ArrayLike<number>,
  entityIds: ArrayLike<number>,
): ToldCell[] {
  const read = (code: string | undefined, row: number): number =>
    code === undefined ? Number.NaN : numbersOf(table, code)[row]!;
  const cells: ToldCell[] = [];
  let groupTotal = Number.NaN;
  let groupExpected = 0;
  const summed = rows.reduce((sum, row) => sum + exposure[row]!, 0);
  for (const row of rows) {
    const now = roles.exposureIsSum === true ? summed : exposure[row]!;
    const unit = roles.exposure === undefined ? now : read(roles.exposure, row);
    if (!(unit > 0) || !(now > 0)) continue;
    const before = (expected[row]! * unit) / now / roles.growth;
    groupExpected += before;
    groupTotal = read(roles.groupRate?.code, row) * unit * (roles.groupRate?.scale ?? 1);
    const total = read(roles.cellRate?.code, row) * unit * (roles.cellRate?.scale ?? 1);
    cells.push({ total, expected: before, entity: entityIds[row]! });
  }
  const stated = cells.filter(({ total }) => total > 0 || (total === 0 && roles.cellRate?.zeroIsPaid === true));
  if (stated.length > 0) return stated;
  if (!(groupTotal >= 0) || !(groupExpected > 0)) return [];
  return cells.map((cell) => ({ ...cell, total: (cell.expected * groupTotal) / groupExpected }));
}

/** False when zeros of known groups stand for more than single entities that were not there in the period before. */
function saysNothingPaid(values: ArrayLike<number>, past: (row: number) => readonly [number, number]): boolean {
  let zeros = 0;
  let absent = 0;
  for (let row = 0; row < values.length; row++) {
    if (values[row] !== 0) continue;
    const [group, cell] = past(row);
    if (Number.isNaN(group)) continue;
    zeros++;
    if (Number.isNaN(cell)) absent++;
  }
  return absent <= 0.1 * zeros;
}

/** The constant k with `truth = column x k`, where it holds for most rows; else null. */
function matches(column: ArrayLike<number>, truth: (row: number) => number): number | null {
  const logs: number[] = [];
  for (let row = 0; row < column.length; row++) {
    const value = column[row]!;
    const actual = truth(row);
    if (value > 0 && actual > 0) logs.push(Math.log(actual / value));
  }
  if (logs.length < 20) return null;
  const sorted = sortedFinite(logs);
  const spread = quantileOf(sorted, 0.85) - quantileOf(sorted, 0.15);
  return spread < 0.05 ? Math.exp(quantileOf(sorted, 0.5)) : null;
}

function growthOf({ keyed, base, exposure }: ModelRows): number {
  const byTime = new Map<number, [number, number]>();
  for (let row = 0; row < base.length; row++) {
    const own = byTime.get(keyed.time[row]!) ?? [0, 0];
    own[0] += base[row]!;
    own[1] += exposure[row]!;
    byTime.set(keyed.time[row]!, own);
  }
  const levels = [...byTime].sort((a, b) => a[0] - b[0]).map(([, [a, b]]) => a / b);
  return levels.length < 2 ? 1 : Math.pow(levels[levels.length - 1]! / levels[0]!, 1 / (levels.length - 1));
}
