import type { Factor } from './catalogue';
import type { Encoding } from './encoding';
import { encodeRows } from './encode-rows';
import { fitEncoding } from './encoding';
import { cholesky, solveCholesky } from './linear-algebra';
import type { ModelRows } from './rows';

/** Tweedie or Poisson GLM with log link: linear numerics, levels and missing flags, a trace of ridge. */
export interface Glm {
  readonly encoding: Encoding;
  readonly coefficients: readonly number[];
  readonly intercept: number;
}

/** Fits by iteratively reweighted least squares on rates with weight base; the total is rebased. */
export function fitGlm(rows: ModelRows, factors: readonly Factor[], power: number): Glm {
  const encoding = fitEncoding(rows.table, factors, 1);
  const { values, width } = encodeRows(rows.table, encoding);
  const n = rows.table.rows;
  const meanBase = rows.base.reduce((a, b) => a + b, 0) / Math.max(n, 1);
  const total = rows.total.reduce((a, b) => a + b, 0);
  const meanRate = Math.max(total / Math.max(meanBase * n, 1e-12), 1e-12);
  const beta = new Float64Array(width + 1);
  const eta = new Float64Array(n);
  for (let round = 0; round < 12; round++) {
    const size = width + 1;
    const normal = new Float64Array(size * size);
    const right = new Float64Array(size);
    const x = new Float64Array(size);
    x[0] = 1;
    for (let row = 0; row < n; row++) {
      const mu = Math.exp(eta[row]!);
      const weight = (rows.base[row]! / meanBase) * Math.pow(mu, 2 - power);
      const z = eta[row]! + rows.total[row]! / rows.base[row]! / meanRate / mu - 1;
      for (let i = 0; i < width; i++) x[i + 1] = values[row * width + i]!;
      for (let i = 0; i < size; i++) {
        const scaled = weight * x[i]!;
        if (scaled === 0) continue;
        right[i]! += scaled * z;
        const at = i * size;
        for (let j = 0; j <= i; j++) normal[at + j]! += scaled * x[j]!;
      }
    }
    for (let i = 0; i < size; i++) {
      normal[i * size + i]! += i === 0 ? 1e-6 : 1e-3 * n;
      for (let j = 0; j < i; j++) normal[j * size + i] = normal[i * size + j]!;
    }
    const next = solveCholesky(cholesky(normal, size), size, right);
    let moved = 0;
    for (let i = 0; i < size; i++) {
      moved = Math.max(moved, Math.abs(next[i]! - beta[i]!));
      beta[i] = next[i]!;
    }
    linear(values, width, beta, eta);
    if (moved < 1e-5) break;
  }
  let expected = 0;
  for (let row = 0; row < n; row++) expected += rows.base[row]! * Math.exp(eta[row]!);
  const level = total > 0 ? Math.log(total / expected) : 0;
  return { encoding, coefficients: Array.from(beta.subarray(1)), intercept: beta[0]! + level };
}

/** Totals that the GLM expects. */
export function glmTotals({ encoding, coefficients, intercept }: Glm, rows: ModelRows): Float64Array {
  const { values, width } = encodeRows(rows.table, encoding);
  const eta = new Float64Array(rows.table.rows);
  linear(values, width, Float64Array.from([intercept, ...coefficients]), eta);
  return eta.map((value, row) => rows.base[row]! * Math.exp(value));
}

function linear(values: Float32Array, width: number, beta: Float64Array, eta: Float64Array): void {
  for (let row = 0; row < eta.length; row++) {
    let sum = beta[0]!;
    for (let i = 0; i < width; i++) sum += values[row * width + i]! * beta[i + 1]!;
    eta[row] = Math.min(25, Math.max(-25, sum));
  }
}
