import type { Factor } from './catalogue';
import type { Encoding } from './encoding';
import { scalarValues } from './encoding';
import { cholesky, solveCholesky } from './linear-algebra';
import type { ModelRows } from './rows';
import { numbersOf } from './table';

/**
 * Conditional logit (McFadden) of how a contract's people split over the clinics of its programme, fitted to observed
 * shares: payouts with the clinic's price level taken out, as the books hold no visits per clinic.
 */
export interface ClinicChoice {
  readonly codes: readonly string[];
  readonly coefficients: readonly number[];
  /** Factor whose level turns people into cost. */
  readonly price?: string;
  /** McFadden's pseudo R2 against equal shares, on the training sets. */
  readonly fit: number;
}

const ROUNDS = 15;

/** Fits on sets of two rows and more; null where rows do not compete or nothing varies within sets. */
export function fitClinicChoice(rows: ModelRows, encoding: Encoding, factors: readonly Factor[]): ClinicChoice | null {
  const { sets } = rows.keyed;
  const own = new Set(
    factors.filter(({ group }) => ['clinic', 'pair'].includes(group.toLowerCase())).map(({ code }) => code),
  );
  const varying = encoding.factors.filter((factor) => factor.kind !== 'category' && own.has(factor.code));
  const big = Array.from({ length: sets.count }, (_, set) => set).filter(
    (set) => sets.start[set + 1]! - sets.start[set]! > 1,
  );
  if (varying.length === 0 || big.length < 30) return null;
  const price = factors.find(({ code }) => code.endsWith('price_index'))?.code;
  const level = price === undefined ? null : numbersOf(rows.table, price);
  const people = rows.total.map((total, row) => total / (level === null || !(level[row]! > 0) ? 1 : level[row]!));
  const used = varying.filter(({ code }) => code !== price);
  const scalars = used.map((factor) => scalarValues(rows.table, factor));
  const width = used.length;
  let beta = new Float64Array(width);
  let fit = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const gradient = new Float64Array(width);
    const hessian = new Float64Array(width * width);
    let likelihood = 0;
    let equal = 0;
    for (const set of big) {
      const members = sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!);
      const sum = members.reduce((total, row) => total + people[row]!, 0);
      if (!(sum > 0)) continue;
      const shares = choiceShares(members, scalars, beta);
      const mean = new Float64Array(width);
      members.forEach((row, k) => {
        for (let j = 0; j < width; j++) mean[j]! += shares[k]! * scalars[j]![row]!;
      });
      members.forEach((row, k) => {
        const observed = people[row]! / sum;
        likelihood += observed * Math.log(Math.max(shares[k]!, 1e-12));
        equal -= observed * Math.log(members.length);
        for (let i = 0; i < width; i++) {
          const d = scalars[i]![row]! - mean[i]!;
          gradient[i]! += (observed - shares[k]!) * scalars[i]![row]!;
          for (let j = 0; j <= i; j++) hessian[i * width + j]! += shares[k]! * d * (scalars[j]![row]! - mean[j]!);
        }
      });
    }
    fit = equal < 0 ? 1 - likelihood / equal : 0;
    for (let i = 0; i < width; i++) {
      gradient[i]! -= beta[i]!;
      hessian[i * width + i]! += 1;
      for (let j = 0; j < i; j++) hessian[j * width + i] = hessian[i * width + j]!;
    }
    const step = solveCholesky(cholesky(hessian, width), width, gradient);
    beta = beta.map((value, i) => value + step[i]!);
    if (Math.max(...step.map(Math.abs)) < 1e-5) break;
  }
  return {
    codes: used.map(({ code }) => code),
    coefficients: Array.from(beta),
    ...(price === undefined ? {} : { price }),
    fit,
  };
}

/** Share of the people of each row's set that goes to the row; 1 for rows that are alone. */
export function peopleShares(choice: ClinicChoice, rows: ModelRows, encoding: Encoding): Float64Array {
  const byCode = new Map(encoding.factors.map((factor) => [factor.code, factor]));
  const scalars = choice.codes.map((code) => scalarValues(rows.table, byCode.get(code)!));
  const out = new Float64Array(rows.table.rows);
  const { sets } = rows.keyed;
  for (let set = 0; set < sets.count; set++) {
    const members = sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!);
    choiceShares(members, scalars, choice.coefficients).forEach((share, k) => (out[members[k]!] = share));
  }
  return out;
}

function choiceShares(members: Int32Array, scalars: readonly Float32Array[], beta: ArrayLike<number>): Float64Array {
  const utility = Float64Array.from(members, (row) =>
    scalars.reduce((sum, values, j) => sum + values[row]! * beta[j]!, 0),
  );
  const top = Math.max(...utility);
  const weights = utility.map((value) => Math.exp(value - top));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((value) => value / sum);
}
