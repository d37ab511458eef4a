import type { AppliedExperience } from './apply-experience';
import type { EncodedRows } from './encoding';
import { attributeSet } from './explain-member';
import { membersFor } from './expectation';
import type { UnderwritingModel } from './model';
import type { ModelRows } from './rows';

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
  const out: RowExplanation[] = Array.from({ length: rows.table.rows });
  const { sets } = rows.keyed;
  const sizeCode = owners.codes.includes('clinics_in_programme') ? 'clinics_in_programme' : COMPETITION_ITEM;
  for (let set = 0; set < sets.count; set++) {
    const own = sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!);
    const values = new Float32Array(own.length * inputs.width);
    own.forEach((row, k) =>
      values.set(inputs.values.subarray(row * inputs.width, (row + 1) * inputs.width), k * inputs.width),
    );
    const members = membersFor(model, rows.groupNames[own[0]!]!).map((k) => model.members[k]!);
    const attributions = members.map(({ weights }) => attributeSet(model.shape, weights, values, own.length));
    own.forEach((row, k) => {
      const start = rows.exposure[row]! * model.meanIndex * model.meanRate;
      const level = experience.renewal[row] === 1 ? model.levels.renewal : model.levels.newBusiness;
      const shares = attributions.map((attribution, m) => {
        const logs = byFactor(attribution.inputs.subarray(k * inputs.width, (k + 1) * inputs.width), owners);
        const typical = -(model.shape.compete ? members[m]!.weights.gamma : 0) * model.meanLogSetSize;
        add(logs, sizeCode, attribution.sizeEffect - typical);
        add(
          logs,
          PORTFOLIO_ITEM,
          attribution.baseline + typical + Math.log(members[m]!.level * level) - Math.log(model.meanRate),
        );
        add(logs, EXPERIENCE_ITEM, experience.effect[row]! - experience.entityEffect[row]!);
        add(logs, ENTITY_ITEM, experience.entityEffect[row]!);
        if (model.columns.index !== undefined && rows.exposure[row]! > 0)
          add(logs, model.columns.index, Math.log(rows.base[row]! / rows.exposure[row]! / model.meanIndex));
        return inRoubles(logs, start);
      });
      out[row] = average(shares, start);
    });
  }
  return out;
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

interface InputOwners {
  readonly codes: readonly string[];
  /** Per input: the owner, and the second owner of a pair (else -1). */
  readonly first: Int32Array;
  readonly second: Int32Array;
}

function inputOwners({ encoding, pairs }: Explainable): InputOwners {
  const codes = encoding.factors.map(({ code }) => code);
  const index = new Map(codes.map((code, i) => [code, i]));
  const columns = encoding.columns.map(({ factor }) => index.get(factor)!);
  return {
    codes,
    first: Int32Array.from([...columns, ...pairs.map(({ a }) => index.get(a)!)]),
    second: Int32Array.from([...columns.map(() => -1), ...pairs.map(({ b }) => index.get(b)!)]),
  };
}

function byFactor(values: Float64Array, { codes, first, second }: InputOwners): Map<string, number> {
  const sums = new Float64Array(codes.length);
  for (let i = 0; i < values.length; i++) {
    if (second[i]! < 0) sums[first[i]!]! += values[i]!;
    else {
      sums[first[i]!]! += values[i]! / 2;
      sums[second[i]!]! += values[i]! / 2;
    }
  }
  return new Map(codes.map((code, i) => [code, sums[i]!]));
}

function inRoubles(logs: Map<string, number>, start: number): Map<string, number> {
  let sum = 0;
  for (const value of logs.values()) sum += value;
  const factor = Math.abs(sum) < 1e-9 ? start : (start * Math.expm1(Math.min(sum, 40))) / Math.min(sum, 40);
  return new Map([...logs].map(([code, value]) => [code, value * factor]));
}

function average(parts: readonly Map<string, number>[], start: number): RowExplanation {
  const contributions = new Map<string, number>();
  const spread = new Map<string, number>();
  let prediction = start;
  for (const code of parts[0]!.keys()) {
    const values = parts.map((part) => part.get(code)!);
    const mean = values.reduce((a, b) => a + b, 0) / values.length;
    contributions.set(code, mean);
    spread.set(code, Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length));
    prediction += mean;
  }
  return { start, prediction, contributions, spread };
}

function add(map: Map<string, number>, code: string, value: number): void {
  map.set(code, (map.get(code) ?? 0) + value);
}
