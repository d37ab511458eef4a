import { applyExperience } from './apply-experience';
import { firstRows, setTotals } from './groups';
import type { HistoryRoles } from './history-columns';
import type { CalibrationCase, IntervalTable } from './intervals';
import { calibrateIntervals } from './intervals';
import type { CohortLevels } from './model';
import { fitNoise } from './noise';
import type { Panel } from './panel';
import { fitPanel } from './panel';
import type { PanelCells, PanelKernels } from './panel-moments';
import { estimateKernels } from './panel-moments';
import { createRandom } from './random';
import type { ModelRows } from './rows';
import type { ModelColumns } from './spec';
import { unitDeviance } from './deviance';

/** Experience learnt from out-of-fold expectations: the panel, the cohort levels and the intervals. */
export interface FittedExperience {
  readonly panel: Panel;
  readonly levels: CohortLevels;
  readonly intervals: IntervalTable;
}

const SCALES = [0.15, 0.3, 0.5, 0.75, 1];
/** How far a cohort's level may be believed to lie from 1 before the data speaks. */
const LEVEL_PRIOR_SD = 0.05;

export function fitExperience(
  rows: ModelRows,
  expected: Float64Array,
  columns: ModelColumns,
  roles: HistoryRoles | null,
): FittedExperience {
  const noise = fitNoise(rows.total, expected);
  const cells: PanelCells = {
    group: rows.keyed.groupOf,
    entity: rows.keyed.entityOf,
    time: rows.keyed.time,
    total: rows.total,
    expected,
  };
  const moments = estimateKernels(cells, noise);
  const periods = [...new Set(rows.keyed.time)].sort((a, b) => a - b);
  const learns = columns.group !== undefined && periods.length > 1;
  const rivals = SCALES.map((scale) => {
    const kernels = scaleKernels(moments, scale);
    return { kernels, ahead: learns ? oneStepAhead(rows, cells, kernels, noise, expected, periods, roles) : null };
  });
  const scored = rivals.map((rival) => ({ ...rival, loss: rival.ahead === null ? 0 : renewalLoss(rows, rival.ahead) }));
  const best = scored.reduce((a, b) => (b.loss <= a.loss ? b : a));
  const panel = fitPanel(cells, best.kernels, noise);
  const fresh = casesOf(rows, expected, () => false);
  const renewals = best.ahead === null ? [] : casesOf(rows, best.ahead.forecast, () => true, best.ahead.renewal);
  const levels = { newBusiness: levelOf(fresh), renewal: renewals.length < 20 ? levelOf(fresh) : levelOf(renewals) };
  const levelled = [
    ...fresh.map((one) => ({ ...one, forecast: one.forecast * levels.newBusiness })),
    ...renewals.map((one) => ({ ...one, forecast: one.forecast * levels.renewal })),
  ];
  const rowCases = Array.from(rows.total, (paid, row) => ({
    renewal: false,
    paid,
    forecast:
      best.ahead !== null && best.ahead.renewal[row] === 1
        ? best.ahead.forecast[row]! * levels.renewal
        : expected[row]! * levels.newBusiness,
  }));
  // Totals and expectations have done their work: scoring needs the residuals only.
  const none = new Float64Array(0);
  const slim: Panel = { ...panel, cells: { ...panel.cells, total: none, expected: none } };
  return { panel: slim, levels, intervals: calibrateIntervals(levelled, rowCases, setNoise(levelled)) };
}

interface Ahead {
  readonly forecast: Float64Array;
  readonly renewal: Uint8Array;
}

/** Forecasts each period from the ones before it, as the model will be used. */
function oneStepAhead(
  rows: ModelRows,
  cells: PanelCells,
  kernels: PanelKernels,
  noise: Panel['noise'],
  expected: Float64Array,
  periods: readonly number[],
  roles: HistoryRoles | null,
): Ahead {
  const forecast = expected.slice();
  const renewal = new Uint8Array(expected.length);
  for (const period of periods.slice(1)) {
    const before = Array.from(cells.time).flatMap((time, row) => (time < period ? [row] : []));
    const pick = (values: ArrayLike<number>): number[] => before.map((row) => values[row]!);
    const past: PanelCells = {
      group: Int32Array.from(pick(cells.group)),
      entity: Int32Array.from(pick(cells.entity)),
      time: Float64Array.from(pick(cells.time)),
      total: Float64Array.from(pick(cells.total)),
      expected: Float64Array.from(pick(cells.expected)),
    };
    const panel = fitPanel(past, kernels, noise);
    const model = { panel, panelGroups: rows.keyed.groups, panelEntities: rows.keyed.entities, history: roles };
    const applied = applyExperience(model, rows, expected, period);
    for (let row = 0; row < expected.length; row++) {
      if (cells.time[row] !== period) continue;
      forecast[row] = expected[row]! * Math.exp(applied.effect[row]!);
      renewal[row] = applied.renewal[row]!;
    }
  }
  return { forecast, renewal };
}

function renewalLoss(rows: ModelRows, { forecast, renewal }: Ahead): number {
  let loss = 0;
  for (const { paid, forecast: f } of casesOf(rows, forecast, () => true, renewal)) {
    const scale = Math.max(f, 1e-9);
    loss += scale * unitDeviance(paid / scale, 1, 1.5);
  }
  return loss;
}

function casesOf(
  rows: ModelRows,
  forecast: Float64Array,
  renewal: () => boolean,
  only?: Uint8Array,
): CalibrationCase[] {
  const paid = setTotals(rows, rows.total);
  const sums = setTotals(rows, forecast);
  return Array.from(firstRows(rows)).flatMap((row, set) =>
    only !== undefined && only[row] !== 1
      ? []
      : [{ renewal: renewal(), forecast: sums[set]!, paid: paid[set]!, time: rows.keyed.time[row]! }],
  );
}

/** Paid over forecast, drawn to 1 by its own uncertainty (bootstrap over groups). */
function levelOf(cases: readonly CalibrationCase[]): number {
  if (cases.length === 0) return 1;
  const sum = (pick: (one: CalibrationCase) => number): number => cases.reduce((total, one) => total + pick(one), 0);
  const level =
    sum(({ paid }) => paid) /
    Math.max(
      sum(({ forecast }) => forecast),
      1e-9,
    );
  if (!(level > 0)) return 1;
  const random = createRandom(17);
  const draws = Array.from({ length: 60 }, () => {
    let paid = 0;
    let forecast = 0;
    for (let i = 0; i < cases.length; i++) {
      const one = cases[Math.floor(random() * cases.length)]!;
      paid += one.paid;
      forecast += one.forecast;
    }
    return paid / Math.max(forecast, 1e-9);
  });
  const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
  const variance = draws.reduce((a, b) => a + (b - mean) ** 2, 0) / draws.length;
  const trust = LEVEL_PRIOR_SD ** 2 / (LEVEL_PRIOR_SD ** 2 + variance);
  return 1 + (level - 1) * trust;
}

function setNoise(cases: readonly CalibrationCase[]): Panel['noise'] {
  return fitNoise(
    cases.map(({ paid }) => paid),
    cases.map(({ forecast }) => forecast),
  );
}

function scaleKernels(kernels: PanelKernels, scale: number): PanelKernels {
  return {
    group: { ...kernels.group, variance: kernels.group.variance * scale },
    entity: kernels.entity,
    cell: { ...kernels.cell, variance: kernels.cell.variance * scale },
  };
}
