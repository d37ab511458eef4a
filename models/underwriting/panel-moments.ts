import type { Noise } from './noise';

/** Covariance over periods: variance x (lasting + (1 - lasting) x decay^lag). */
export interface Kernel {
  readonly variance: number;
  readonly decay: number;
  readonly lasting: number;
}

/** How far residuals are shared: within a group, within an entity over groups, within one group's cell of an entity. */
export interface PanelKernels {
  readonly group: Kernel;
  readonly entity: Kernel;
  readonly cell: Kernel;
}

/** One observed cell: a group's total with an entity in one period, beside the model's expectation. */
export interface PanelCells {
  readonly group: Int32Array;
  /** -1 where the data has no entity. */
  readonly entity: Int32Array;
  readonly time: Float64Array;
  readonly total: Float64Array;
  readonly expected: Float64Array;
}

export const NO_KERNEL: Kernel = { variance: 0, decay: 1, lasting: 1 };

/** Covariance at a lag. */
export function covariance({ variance, decay, lasting }: Kernel, lag: number): number {
  return variance === 0 ? 0 : variance * (lasting + (1 - lasting) * Math.pow(decay, Math.abs(lag)));
}

/**
 * Variance components by the method of moments: mean products of relative residuals over pairs of cells of the same
 * group (other entity), of the same cell in other periods, and of the same entity in other groups, by lag.
 * The residuals must be out of fold, else the model has already swallowed what is to be measured.
 */
export function estimateKernels(cells: PanelCells, noise: Noise): PanelKernels {
  const n = cells.total.length;
  const weight = new Float64Array(n);
  const value = new Float64Array(n);
  const half = noise.phi / Math.max(noise.tau2, 0.05);
  for (let i = 0; i < n; i++) {
    const m = cells.expected[i]!;
    const limit = 4 * Math.sqrt(noise.phi / m + noise.tau2 + 0.04);
    const e = Math.min(limit, Math.max(-1, cells.total[i]! / m - 1));
    weight[i] = m / (m + half);
    value[i] = e * weight[i]!;
  }
  const centred = centre(value, weight);
  const periods = [...new Set(cells.time)].sort((a, b) => a - b);
  const hasEntity = cells.entity.some((entity) => entity >= 0);
  const within = lagProducts(cells.group, cells.entity, cells.time, centred, weight, periods);
  const across = hasEntity ? lagProducts(cells.entity, cells.group, cells.time, centred, weight, periods) : null;
  const group = hasEntity
    ? kernelOf(within.other)
    : kernelOf(within.same.map((v, lag) => (lag === 0 ? Number.NaN : v)));
  const entity = across === null ? NO_KERNEL : kernelOf(across.other);
  const cell = hasEntity
    ? kernelOf(within.same.map((v, lag) => (lag === 0 ? Number.NaN : v - covariance(group, lag))))
    : NO_KERNEL;
  return { group, entity, cell };
}

function centre(value: Float64Array, weight: Float64Array): Float64Array {
  let sum = 0;
  let total = 0;
  for (let i = 0; i < value.length; i++) {
    sum += value[i]!;
    total += weight[i]!;
  }
  const mean = total === 0 ? 0 : sum / total;
  return value.map((v, i) => v - mean * weight[i]!);
}

interface LagProducts {
  /** Mean product by lag (in period steps) of cells with the same inner key; lag 0 holds noise and is not used. */
  readonly same: number[];
  /** The same of cells with another inner key; NaN where there is no pair. */
  readonly other: number[];
}

function lagProducts(
  outer: Int32Array,
  inner: Int32Array,
  time: Float64Array,
  value: Float64Array,
  weight: Float64Array,
  periods: readonly number[],
): LagProducts {
  const lags = Math.min(periods.length, 6);
  const periodOf = new Map(periods.map((period, index) => [period, index]));
  const same = Array.from({ length: lags }, () => [0, 0]);
  const other = Array.from({ length: lags }, () => [0, 0]);
  const byOuter = new Map<number, number[]>();
  for (let i = 0; i < outer.length; i++) {
    if (outer[i]! < 0) continue;
    const list = byOuter.get(outer[i]!);
    if (list === undefined) byOuter.set(outer[i]!, [i]);
    else list.push(i);
  }
  for (const rows of byOuter.values()) {
    const sums = periods.map(() => [0, 0]);
    const cells = new Map<number, number[][]>();
    for (const i of rows) {
      const period = periodOf.get(time[i]!)!;
      sums[period]![0]! += value[i]!;
      sums[period]![1]! += weight[i]!;
      let cell = cells.get(inner[i]!);
      if (cell === undefined) cells.set(inner[i]!, (cell = periods.map(() => [0, 0])));
      cell[period]![0]! += value[i]!;
      cell[period]![1]! += weight[i]!;
    }
    for (let a = 0; a < periods.length; a++)
      for (let lag = 0; lag < lags && a + lag < periods.length; lag++) {
        const b = a + lag;
        let sameValue = 0;
        let sameWeight = 0;
        for (const cell of cells.values()) {
          sameValue += cell[a]![0]! * cell[b]![0]!;
          sameWeight += cell[a]![1]! * cell[b]![1]!;
        }
        same[lag]![0]! += sameValue;
        same[lag]![1]! += sameWeight;
        other[lag]![0]! += sums[a]![0]! * sums[b]![0]! - sameValue;
        other[lag]![1]! += sums[a]![1]! * sums[b]![1]! - sameWeight;
      }
  }
  const mean = ([product, pairs]: number[]): number => (pairs! > 1e-9 ? product! / pairs! : Number.NaN);
  return { same: same.map(mean), other: other.map(mean) };
}

/** Kernel from covariances by lag: the decay from the first two that are known, the rest taken as lasting. */
function kernelOf(byLag: readonly number[]): Kernel {
  const known = byLag.map((value, lag) => ({ value, lag })).filter(({ value }) => Number.isFinite(value));
  const first = known[0];
  if (first === undefined || first.value <= 1e-4) return NO_KERNEL;
  const ratios = known
    .slice(1)
    .filter(({ value }) => value > 0)
    .map(({ value, lag }) => Math.pow(value / first.value, 1 / (lag - first.lag)));
  const mean = ratios.length === 0 ? 0.9 : ratios.reduce((a, b) => a + b, 0) / ratios.length;
  const decay = Math.min(1, Math.max(0.5, mean));
  return { variance: Math.min(first.value / Math.pow(decay, first.lag), 1.5), decay, lasting: 0 };
}
