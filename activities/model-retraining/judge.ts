import { championForecasts } from '../../models/underwriting/champions';
import type { TensorFlow } from '../../models/underwriting/backend';
import { measureDrift } from '../../models/underwriting/drift';
import type { FactorDrift } from '../../models/underwriting/drift';
import { evaluateScored } from '../../models/underwriting/evaluate';
import type { Evaluation } from '../../models/underwriting/evaluate';
import { runGate } from '../../models/underwriting/gate';
import type { GateLimits, GateResult } from '../../models/underwriting/gate';
import { setTotals } from '../../models/underwriting/groups';
import type { FactorImportance, UnderwritingModel } from '../../models/underwriting/model';
import { scoreTable } from '../../models/underwriting/score';
import type { Scored } from '../../models/underwriting/score';
import type { Table } from '../../models/underwriting/table';
import { pickRows } from '../../models/underwriting/table';
import { timesOf } from '../../models/underwriting/period-column';

export interface JudgeInput {
  readonly table: Table;
  readonly challenger: UnderwritingModel;
  readonly champion: UnderwritingModel | null;
  readonly period: number;
  readonly limits: GateLimits;
}

/** Everything that two people look at before they release, and what the gate looked at before them. */
export interface ModelReport {
  readonly challenger: string;
  readonly champion: string | null;
  readonly period: number;
  readonly measured: Omit<Evaluation, 'cuts'>;
  readonly championMeasured: Omit<Evaluation, 'cuts'> | null;
  /** Cuts where the challenger is worse than the tariff beyond noise. */
  readonly worseCuts: Evaluation['cuts'];
  readonly drift: readonly FactorDrift[];
  readonly importance: readonly FactorImportance[];
  readonly gate: GateResult;
}

/**
 * Champion against challenger on a period that neither has learnt from: figures by segment, drift of each factor, effect
 * on each contract, and the gate. Without a champion the manual tariff, fitted on the same rows, stands in: the first
 * model has to beat it.
 */
export function judge(tf: TensorFlow | null, { table, challenger, champion, period, limits }: JudgeInput): ModelReport {
  const rows = ofPeriod(table, challenger.columns.time, period);
  const scored = scoreTable(tf, challenger, rows);
  const before = champion === null ? tariffOf(challenger, scored) : scoreTable(tf, champion, rows);
  const gate = runGate({ model: champion ?? challenger, scored: before }, { model: challenger, scored }, limits);
  const { cuts, ...measured } = evaluateScored(challenger, scored);
  return {
    challenger: challenger.version,
    champion: champion?.version ?? null,
    period,
    measured,
    championMeasured: champion === null ? null : withoutCuts(evaluateScored(champion, before)),
    worseCuts: cuts.filter(({ worse }) => worse),
    drift: measureDrift(champion ?? challenger, rows),
    importance: challenger.importance.slice(0, 40),
    gate,
  };
}

function ofPeriod(table: Table, column: string | undefined, period: number): Table {
  if (column === undefined) return table;
  const times = timesOf(table, column);
  const kept = Array.from({ length: table.rows }, (_, row) => row).filter((row) => times[row] === period);
  return pickRows(table, kept);
}

/** The tariff in a model's clothes: its forecasts by contract, compared like a champion's. */
function tariffOf(model: UnderwritingModel, scored: Scored): Scored {
  const prediction = championForecasts(model.champions, scored.rows, model.history).tariff;
  return { ...scored, prediction, setPrediction: setTotals(scored.rows, prediction) };
}

function withoutCuts({ cuts: _cuts, ...rest }: Evaluation): Omit<Evaluation, 'cuts'> {
  return rest;
}
