import fc from 'fast-check';
import { bucketRows, groupRows } from '../models/fraud/group';
import { areaUnderCurve } from '../models/fraud/metrics';
import { visitPosterior, visitRatio } from '../models/fraud/visit-likelihood';

const probability = fc.double({ min: 0.001, max: 0.95, noNaN: true });
const ratio = fc.double({ min: 0.05, max: 40, noNaN: true });

/** The same model by plain enumeration of all 2^n truths. */
function enumerate(prior: number[], ratios: number[], whole: number, any: number, block: number) {
  const n = prior.length;
  const weights = Array.from({ length: 1 << n }, () => 0);
  const least = Math.min(...prior);
  const mixed = n === 1 ? 0 : block;
  for (let mask = 0; mask < 1 << n; mask++) {
    let p = 1 - mixed;
    for (let i = 0; i < n; i++) p *= mask & (1 << i) ? prior[i]! : 1 - prior[i]!;
    if (mask === 0) p += mixed * (1 - least);
    if (mask === (1 << n) - 1) p += mixed * least;
    for (let i = 0; i < n; i++) if (mask & (1 << i)) p *= ratios[i]!;
    if (mask !== 0) p *= any;
    if (mask === (1 << n) - 1) p *= whole;
    weights[mask] = p;
  }
  const total = weights.reduce((a, b) => a + b, 0);
  const lines = prior.map((_p, i) => weights.reduce((sum, w, mask) => sum + (mask & (1 << i) ? w : 0), 0) / total);
  return { total, lines, all: weights.at(-1)! / total, any: 1 - weights[0]! / total };
}

describe('the likelihood of one visit', () => {
  it('equals the sum over all truths', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(probability, ratio), { minLength: 1, maxLength: 6 }),
        ratio,
        ratio,
        fc.constantFrom(0, 0.1, 0.5),
        (lines, whole, any, block) => {
          const prior = lines.map(([p]) => p);
          const ratios = lines.map(([, r]) => r);
          const truth = enumerate(prior, ratios, whole, any, block);
          const args = [Float64Array.from(prior), Float64Array.from(ratios), lines.length, whole, any, block] as const;
          const out = new Float64Array(lines.length);
          const posterior = visitPosterior(...args, out);
          expect(visitRatio(...args) / truth.total).toBeCloseTo(1, 9);
          expect(posterior.all).toBeCloseTo(truth.all, 9);
          expect(posterior.any).toBeCloseTo(truth.any, 9);
          out.forEach((p, i) => expect(p).toBeCloseTo(truth.lines[i]!, 9));
        },
      ),
    );
  });

  it('lets a confirmation lower what a denial raises', () => {
    const prior = Float64Array.from([0.2]);
    const out = new Float64Array(1);
    visitPosterior(prior, Float64Array.from([30]), 1, 1, 1, 0.1, out);
    expect(out[0]!).toBeGreaterThan(0.8);
    visitPosterior(prior, Float64Array.from([0.2]), 1, 1, 1, 0.1, out);
    expect(out[0]!).toBeLessThan(0.06);
  });
});

describe('grouping rows', () => {
  it('numbers equal keys alike, finds them again and buckets every row once', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: -3, max: 9 }), fc.integer(), fc.nat(4)), { maxLength: 80 }),
        (keys) => {
          const column = (i: 0 | 1 | 2): Int32Array => Int32Array.from(keys, (key) => key[i]);
          const groups = groupRows(keys.length, column(0), column(1), column(2));
          const names = new Map<string, number>();
          keys.forEach((key, row) => {
            const known = names.get(key.join()) ?? groups.id[row]!;
            names.set(key.join(), known);
            expect(groups.id[row]).toBe(known);
            expect(groups.find(key[0], key[1], key[2])).toBe(groups.id[row]);
          });
          expect(groups.count).toBe(names.size);
          expect(groups.find(99, 0, 0)).toBe(-1);
          const { start, rows } = bucketRows(groups.id, groups.count);
          expect([...rows].sort((a, b) => a - b)).toEqual(keys.map((_k, i) => i));
          for (let g = 0; g < groups.count; g++) {
            for (let k = start[g]!; k < start[g + 1]!; k++) expect(groups.id[rows[k]!]).toBe(g);
          }
        },
      ),
    );
  });
});

describe('area under the curve', () => {
  test.each([
    [[0.1, 0.4, 0.35, 0.8], [0, 0, 1, 1], 0.75],
    [[1, 1, 1], [0, 1, 0], 0.5],
    [[3, 2, 1], [1, 0, 0], 1],
  ])('of %j against %j is %d', (scores, truth, expected) => {
    expect(areaUnderCurve(scores, truth)).toBeCloseTo(expected, 12);
  });
});
