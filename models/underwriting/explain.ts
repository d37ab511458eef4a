import type { AppliedExperience } from './apply-experience';
import type { EncodedRows } from './encoding';
import type { SetAttribution } from './explain-member';
import { attributeSet } from './explain-member';
import { membersFor } from './expectation';
import type { Forest } from './forest';
import { explainForest } from './forest';
import type { Member, TreePart, UnderwritingModel } from './model';
import type { ModelRows } from './rows';
import type { InputOwners } from './set-inputs';
import { inputOwners, setInputs } from './set-inputs';
import type { BinnedRows } from './tree-bins';
import { binRows } from './tree-bins';

/** Items of a waterfall that are no factors. */
export const PORTFOLIO_ITEM = 'portfolio';
export const EXPERIENCE_ITEM = 'experience';
export const ENTITY_ITEM = 'entity_experience';
export const COMPETITION_ITEM = 'competition';

/** One row's price from the portfolio mean: start + the contributions = prediction, to the last bit of float sums. */
export interface RowExplanation {
  readonly start: number;
  readonly prediction: number;
  /** Roubles by item (factor code or one of the items above). */
  readonly contributions: ReadonlyMap<string, number>;
  /** Standard deviation of each contribution over the members. */
  readonly spread: ReadonlyMap<string, number>;
}

type Explainable = Omit<UnderwritingModel, 'version' | 'importance'>;

/**
 * Contributions per factor in roubles. Decided on log scale (shapes exactly, network and competition by integrated
 * gradients, experience and price level exactly), printed in roubles by the logarithmic mean of start and price,
 * which keeps the sum exact; members are averaged in roubles.
 */
export function explainRows(
  model: Explainable,
  rows: ModelRows,
  inputs: EncodedRows,
  experience: AppliedExperience,
): RowExplanation[] {
  const owners = inputOwners(model);
  const items = itemsOf(model, owners);
  const { trees } = model;
  const bins = trees === undefined ? null : binRows(rows.table, trees.factors);
  const out: RowExplanation[] = Array.from({ length: rows.table.rows });
  const { sets } = rows.keyed;
  for (let set = 0; set < sets.count; set++) {
    const own = sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!);
    const prepared = setInputs(inputs, own, owners);
    const members = membersFor(model, rows.groupNames[own[0]!]!).map((k) => model.members[k]!);
    const attributions = members.map(({ weights }) => attributeSet(model.shape, weights, prepared));
    own.forEach((row, k) => {
      const shared = sharedLogs(model, items, rows, experience, row);
      const start = rows.exposure[row]! * model.meanIndex * model.meanRate;
      const shares = members.map((member, m) => {
        const logs = shared.slice();
        addMember(model, items, member, attributions[m]!, k, logs);
        if (bins !== null && member.forest !== undefined) addForest(trees!, items, member.forest, bins, row, logs);
        return inRoubles(logs, start);
      });
      out[row] = average(items.codes, shares, start);
    });
  }
  return out;
}

/** Items of a waterfall by position: the network's factors first, in their own order. */
interface Items {
  readonly codes: readonly string[];
  readonly size: number;
  readonly portfolio: number;
  readonly experience: number;
  readonly entity: number;
  /** The price level's item, -1 where there is none. */
  readonly index: number;
  /** Position of each factor of the trees. */
  readonly trees: readonly number[];
}

function itemsOf({ columns, trees }: Explainable, { codes: known }: InputOwners): Items {
  const codes = [...known];
  const place = (code: string): number => {
    const at = codes.indexOf(code);
    return at >= 0 ? at : codes.push(code) - 1;
  };
  return {
    codes,
    size: place(known.includes('clinics_in_programme') ? 'clinics_in_programme' : COMPETITION_ITEM),
    portfolio: place(PORTFOLIO_ITEM),
    experience: place(EXPERIENCE_ITEM),
    entity: place(ENTITY_ITEM),
    index: columns.index === undefined ? -1 : place(columns.index),
    trees: (trees?.factors ?? []).map(({ code }) => place(code)),
  };
}

/** What is the same for all members: experience, price level, cohort level. */
function sharedLogs(
  { meanRate, meanIndex, levels }: Explainable,
  items: Items,
  { base, exposure }: ModelRows,
  { effect, entityEffect, renewal }: AppliedExperience,
  row: number,
): Float64Array {
  const logs = new Float64Array(items.codes.length);
  logs[items.experience]! += effect[row]! - entityEffect[row]!;
  logs[items.entity]! += entityEffect[row]!;
  logs[items.portfolio]! += Math.log(renewal[row] === 1 ? levels.renewal : levels.newBusiness) - Math.log(meanRate);
  if (items.index >= 0 && exposure[row]! > 0) logs[items.index]! += Math.log(base[row]! / exposure[row]! / meanIndex);
  return logs;
}

/** Adds a member's network: its share of the log forecast, and its level. */
function addMember(
  { shape, trees, meanLogSetSize }: Explainable,
  items: Items,
  { weights, level }: Member,
  { factors, factorCount, baseline, sizeEffect }: SetAttribution,
  k: number,
  logs: Float64Array,
): void {
  const share = 1 - (trees?.weight ?? 0);
  for (let f = 0; f < factorCount; f++) logs[f]! += share * factors[k * factorCount + f]!;
  const typical = -(shape.compete ? weights.gamma : 0) * meanLogSetSize;
  logs[items.size]! += share * (sizeEffect - typical);
  logs[items.portfolio]! += share * (baseline + typical) + Math.log(level);
}

/** Adds a member's trees: the steps along the row's paths. */
function addForest(
  { weight, factors }: TreePart,
  items: Items,
  forest: Forest,
  bins: BinnedRows,
  row: number,
  logs: Float64Array,
): void {
  const steps = new Float64Array(factors.length);
  logs[items.portfolio]! += weight * explainForest(forest, bins, row, steps);
  steps.forEach((step, i) => (logs[items.trees[i]!]! += weight * step));
}

/** Sums of contributions over rows (a contract's total). */
export function sumExplanations(parts: readonly RowExplanation[]): RowExplanation {
  const contributions = new Map<string, number>();
  const squares = new Map<string, number>();
  let start = 0;
  let prediction = 0;
  for (const part of parts) {
    start += part.start;
    prediction += part.prediction;
    for (const [code, value] of part.contributions) add(contributions, code, value);
    for (const [code, value] of part.spread) add(squares, code, value);
  }
  return { start, prediction, contributions, spread: squares };
}

function inRoubles(logs: Float64Array, start: number): Float64Array {
  const sum = logs.reduce((a, b) => a + b, 0);
  const factor = Math.abs(sum) < 1e-9 ? start : (start * Math.expm1(Math.min(sum, 40))) / Math.min(sum, 40);
  return logs.map((value) => value * factor);
}

function average(codes: readonly string[], parts: readonly Float64Array[], start: number): RowExplanation {
  const contributions = new Map<string, number>();
  const spread = new Map<string, number>();
  let prediction = start;
  codes.forEach((code, i) => {
    let mean = 0;
    for (const part of parts) mean += part[i]! / parts.length;
    let variance = 0;
    for (const part of parts) variance += (part[i]! - mean) ** 2 / parts.length;
    contributions.set(code, mean);
    spread.set(code, Math.sqrt(variance));
    prediction += mean;
  });
  return { start, prediction, contributions, spread };
}

function add(map: Map<string, number>, code: string, value: number): void {
  map.set(code, (map.get(code) ?? 0) + value);
}
