import { cholesky, solveCholesky, solveLower } from './linear-algebra';
import type { Noise } from './noise';
import type { Kernel, PanelCells, PanelKernels } from './panel-moments';
import { covariance } from './panel-moments';
import { partitionBy } from './sets';

/**
 * Credibility of experience: best linear prediction of what a group, an entity and a group's cell of an entity add to
 * the model on log scale (Buehlmann-Straub with decaying memory, in the working residuals of a Poisson-like response).
 */
export interface Panel {
  readonly kernels: PanelKernels;
  readonly noise: Noise;
  /** Working log residuals less the entity's effect, with their noise variances: what a later period learns from. */
  readonly cells: PanelCells;
  readonly residual: Float64Array;
  readonly variance: Float64Array;
  /** Effect of each entity in each period seen. */
  readonly entityEffects: ReadonlyMap<number, readonly EntityEffect[]>;
}

export interface EntityEffect {
  readonly time: number;
  /** Dual weight: effect at time t = sum of covariance(t, time) x alpha. */
  readonly alpha: number;
}

export interface Credibility {
  /** log of the factor by which experience moves the price. */
  readonly effect: number;
  /** Of which: carried by the entity (the clinic). */
  readonly entityEffect: number;
  /** Share of the group's and the cell's variance that experience explains: 0 none, 1 all. */
  readonly weight: number;
}

const MAX_CELLS = 320;

/** Fits entity and group effects in turn (Gauss-Seidel within reweighting) on out-of-fold expectations. */
export function fitPanel(cells: PanelCells, kernels: PanelKernels, noise: Noise): Panel {
  const n = cells.total.length;
  const groups = partitionBy(cells.group);
  const entities = partitionBy(cells.entity);
  const groupEffect = new Float64Array(n);
  /** The part of groupEffect that all entities of the group share: the rest belongs to single cells. */
  const shared = new Float64Array(n);
  const entityEffect = new Float64Array(n);
  const z = new Float64Array(n);
  const variance = new Float64Array(n);
  const entityEffects = new Map<number, EntityEffect[]>();
  for (let round = 0; round < 4; round++) {
    for (let i = 0; i < n; i++) {
      const b = Math.min(2.5, Math.max(-2.5, groupEffect[i]! + entityEffect[i]!));
      const m = cells.expected[i]! * Math.exp(b);
      z[i] = b + Math.min(cells.total[i]! / m - 1, 8);
      variance[i] = noise.phi / m;
    }
    for (let sweep = 0; sweep < (round === 0 ? 3 : 2); sweep++) {
      for (let g = 0; g < groups.count; g++) {
        const rows = groups.rows.subarray(groups.start[g]!, groups.start[g + 1]!);
        const fitted = smoothGroup(cells, kernels, rows, (i) => z[i]! - entityEffect[i]!, variance);
        rows.forEach((row, k) => {
          groupEffect[row] = fitted.whole[k]!;
          shared[row] = fitted.shared[k]!;
        });
      }
      if (kernels.entity.variance === 0) break;
      for (let q = 0; q < entities.count; q++) {
        const rows = entities.rows.subarray(entities.start[q]!, entities.start[q + 1]!);
        const owner = cells.entity[rows[0]!]!;
        if (owner < 0) continue;
        const effects = smoothEntity(cells, kernels, rows, (i) => z[i]! - shared[i]!, variance);
        entityEffects.set(owner, effects);
        for (const row of rows) entityEffect[row] = entityAt(effects, kernels, cells.time[row]!);
      }
    }
  }
  return { kernels, noise, cells, residual: z.map((v, i) => v - entityEffect[i]!), variance, entityEffects };
}

/** Rows of the panel by group, for look-ups. */
export function indexPanel({ cells }: Panel): ReadonlyMap<number, Int32Array> {
  const { count, start, rows } = partitionBy(cells.group);
  const index = new Map<number, Int32Array>();
  for (let g = 0; g < count; g++) {
    const own = rows.slice(start[g]!, start[g + 1]!);
    index.set(cells.group[own[0]!]!, own);
  }
  return index;
}

/** Cells of experience of one group, from the panel or from its history columns. */
export interface Experience {
  readonly entity: ArrayLike<number>;
  readonly time: ArrayLike<number>;
  readonly residual: ArrayLike<number>;
  readonly variance: ArrayLike<number>;
}

/** Experience of a group before a period, newest cells first when there are too many to invert. */
export function experienceBefore(panel: Panel, rows: Int32Array | undefined, time: number): Experience | null {
  if (rows === undefined) return null;
  let own = [...rows].filter((row) => panel.cells.time[row]! < time);
  if (own.length === 0) return null;
  if (own.length > MAX_CELLS) own = own.sort((a, b) => panel.cells.time[b]! - panel.cells.time[a]!).slice(0, MAX_CELLS);
  return {
    entity: own.map((row) => panel.cells.entity[row]!),
    time: own.map((row) => panel.cells.time[row]!),
    residual: own.map((row) => panel.residual[row]!),
    variance: own.map((row) => panel.variance[row]!),
  };
}

/** What experience says of a group's entities in a period (`entities` -1: unknown entity). */
export function predictExperience(
  panel: Panel,
  experience: Experience | null,
  entities: ArrayLike<number>,
  time: number,
): Credibility[] {
  const { kernels } = panel;
  const out: Credibility[] = [];
  const n = experience?.residual.length ?? 0;
  let factor: Float64Array | null = null;
  let alpha: Float64Array | null = null;
  if (experience !== null) {
    factor = cholesky(groupCovariance(kernels, experience.entity, experience.time, experience.variance), n);
    alpha = solveCholesky(factor, n, experience.residual);
  }
  const prior = kernels.group.variance + kernels.cell.variance;
  const lags = Float64Array.from(experience?.time ?? [], (past) => time - past);
  const shared = lags.map((lag) => covariance(kernels.group, lag));
  const ofCell = lags.map((lag) => covariance(kernels.cell, lag));
  for (let i = 0; i < entities.length; i++) {
    const entity = entities[i]!;
    const entityEffect = entityAt(panel.entityEffects.get(entity) ?? [], kernels, time);
    if (experience === null || factor === null || alpha === null) {
      out.push({ effect: entityEffect, entityEffect, weight: 0 });
      continue;
    }
    const k = new Float64Array(n);
    let effect = 0;
    for (let j = 0; j < n; j++) {
      k[j] = shared[j]! + sameCell(entity, experience.entity[j]!) * ofCell[j]!;
      effect += k[j]! * alpha[j]!;
    }
    const explained = solveLower(factor, n, k).reduce((sum, value) => sum + value * value, 0);
    out.push({ effect: effect + entityEffect, entityEffect, weight: prior > 0 ? Math.min(1, explained / prior) : 0 });
  }
  return out;
}

function sameCell(a: number, b: number): 0 | 1 {
  return a >= 0 && a === b ? 1 : 0;
}

function groupCovariance(
  { group, cell }: PanelKernels,
  entity: ArrayLike<number>,
  time: ArrayLike<number>,
  variance: ArrayLike<number>,
): Float64Array {
  const n = entity.length;
  const matrix = new Float64Array(n * n);
  const ofGroup = betweenPeriods(group, time);
  const ofCell = betweenPeriods(cell, time);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const shared = ofGroup(i, j) + (sameCell(entity[i]!, entity[j]!) === 1 ? ofCell(i, j) : 0);
      matrix[i * n + j] = shared;
      matrix[j * n + i] = shared;
    }
    matrix[i * n + i] = covariance(group, 0) + covariance(cell, 0) + variance[i]!;
  }
  return matrix;
}

/** Covariance of two cells, by their places: a power for each pair of periods instead of each pair of cells. */
function betweenPeriods(kernel: Kernel, time: ArrayLike<number>): (i: number, j: number) => number {
  const periods = [...new Set(Array.from(time))];
  const placeOf = new Map(periods.map((period, place) => [period, place]));
  const places = Int32Array.from(time, (period) => placeOf.get(period)!);
  const table = Float64Array.from(periods.flatMap((a) => periods.map((b) => covariance(kernel, a - b))));
  return (i, j) => table[places[i]! * periods.length + places[j]!]!;
}

function smoothGroup(
  cells: PanelCells,
  kernels: PanelKernels,
  rows: Int32Array,
  residual: (row: number) => number,
  variance: Float64Array,
): { whole: Float64Array; shared: Float64Array } {
  const n = Math.min(rows.length, MAX_CELLS);
  const used = rows.length > MAX_CELLS ? rows.slice(rows.length - MAX_CELLS) : rows;
  const entity = Array.from(used, (row) => cells.entity[row]!);
  const time = Array.from(used, (row) => cells.time[row]!);
  const r = Array.from(used, residual);
  const own = Array.from(used, (row) => variance[row]!);
  const matrix = groupCovariance(kernels, entity, time, own);
  const alpha = solveCholesky(cholesky(matrix, n), n, r);
  const whole = new Float64Array(rows.length);
  const shared = new Float64Array(rows.length);
  const ofGroup = betweenPeriods(kernels.group, time);
  for (let i = 0; i < n; i++) {
    // K alpha = r - D alpha: the smoothed effect at each observed cell.
    whole[rows.length - n + i] = r[i]! - own[i]! * alpha[i]!;
    let common = 0;
    for (let j = 0; j < n; j++) common += ofGroup(i, j) * alpha[j]!;
    shared[rows.length - n + i] = common;
  }
  return { whole, shared };
}

function smoothEntity(
  cells: PanelCells,
  { entity, cell }: PanelKernels,
  rows: Int32Array,
  residual: (row: number) => number,
  variance: Float64Array,
): EntityEffect[] {
  const byTime = new Map<number, [number, number]>();
  const periods = new Set(Array.from(rows, (row) => cells.time[row]!)).size;
  for (const row of rows) {
    const own = byTime.get(cells.time[row]!) ?? [0, 0];
    // A cell's own lasting difference is noise to its entity, and comes back in each period.
    const precision = 1 / (variance[row]! + cell.variance * periods);
    own[0] += precision;
    own[1] += precision * residual(row);
    byTime.set(cells.time[row]!, own);
  }
  const times = [...byTime.keys()];
  const n = times.length;
  const matrix = new Float64Array(n * n);
  times.forEach((a, i) =>
    times.forEach((b, j) => {
      matrix[i * n + j] = covariance(entity, a - b) + (i === j ? 1 / byTime.get(a)![0] : 0);
    }),
  );
  const means = times.map((time) => byTime.get(time)![1] / byTime.get(time)![0]);
  const alpha = solveCholesky(cholesky(matrix, n), n, means);
  return times.map((time, i) => ({ time, alpha: alpha[i]! }));
}

function entityAt(effects: readonly EntityEffect[], { entity }: PanelKernels, time: number): number {
  let effect = 0;
  for (const { time: at, alpha } of effects) effect += covariance(entity, time - at) * alpha;
  return effect;
}

/** A cell of experience that is told as totals: what was paid beside what the model expected. */
export interface ToldCell {
  readonly total: number;
  readonly expected: number;
  readonly entity: number;
}

/**
 * Working residuals of one group's told cells (all of one period), a few reweighted steps as in {@link fitPanel}, behind
 * the experience of earlier periods.
 */
export function smoothExperience(
  panel: Panel,
  told: readonly ToldCell[],
  time: number,
  earlier: Experience | null,
): Experience {
  const { kernels, noise } = panel;
  const cells = told.slice(0, MAX_CELLS);
  const before = newestCells(earlier, MAX_CELLS - cells.length);
  const past = before.residual.length;
  const entity = [...before.entity, ...cells.map((cell) => cell.entity)];
  const times = [...before.time, ...cells.map(() => time)];
  let effect = cells.map(() => 0);
  let residual = before.residual;
  let variance = before.variance;
  for (let round = 0; round < 4; round++) {
    const m = cells.map(({ expected }, i) => expected * Math.exp(Math.min(2.5, Math.max(-2.5, effect[i]!))));
    residual = [...before.residual, ...m.map((value, i) => effect[i]! + Math.min(cells[i]!.total / value - 1, 8))];
    variance = [...before.variance, ...m.map((value) => noise.phi / value)];
    const n = residual.length;
    const alpha = solveCholesky(cholesky(groupCovariance(kernels, entity, times, variance), n), n, residual);
    effect = cells.map((_, i) => residual[past + i]! - variance[past + i]! * alpha[past + i]!);
  }
  return { entity, time: times, residual, variance };
}

/** The newest cells of an experience, at most `most`. */
function newestCells(experience: Experience | null, most: number) {
  const all = Array.from(experience?.time ?? [], (_, i) => i);
  const own = all.length <= most ? all : all.sort((a, b) => experience!.time[b]! - experience!.time[a]!).slice(0, most);
  const pick = (values: ArrayLike<number> | undefined): number[] => own.map((i) => values![i]!);
  return {
    entity: pick(experience?.entity),
    time: pick(experience?.time),
    residual: pick(experience?.residual),
    variance: pick(experience?.variance),
  };
}
