import fc from 'fast-check';
import { clopperPearsonInterval, wilsonInterval } from '../models/statistics/intervals';
import { qValues } from '../models/statistics/multiple-testing';
import { fitPrior, shrink } from '../models/statistics/shrinkage';
import { betaBinomialUpperTail, betaCdf, betaQuantile, logGamma, normalQuantile } from '../models/statistics/special';

// Reference values: C library lgamma; binomial sums and the arcsine law for the beta distribution; published tables
// of the normal distribution and of the Wilson and Clopper-Pearson intervals.
describe('special functions', () => {
  test.each([
    [0.5, 0.5723649429247001],
    [5, 3.1780538303479458],
    [100.5, 361.4355404677776],
  ])('logGamma(%d)', (x, expected) => expect(logGamma(x)).toBeCloseTo(expected, 9));

  test.each([
    [0.3, 2, 5, 0.579825],
    [0.9, 0.5, 0.5, 0.7951672],
    [0.02, 3, 120, 0.4418573],
  ])('betaCdf(%d; %d, %d)', (x, a, b, expected) => expect(betaCdf(x, a, b)).toBeCloseTo(expected, 5));

  test.each([
    [0.975, 1.959963985],
    [0.5, 0],
    [0.001, -3.090232306],
  ])('normalQuantile(%d)', (p, expected) => expect(normalQuantile(p)).toBeCloseTo(expected, 6));

  test('the quantile of the beta distribution inverts it', () => {
    const shape = fc.double({ min: 0.3, max: 200, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 0.01, max: 0.99, noNaN: true }), shape, shape, (p, a, b) => {
        expect(betaCdf(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 6);
      }),
    );
  });

  test('the upper tail of the beta-binomial falls from one and its terms add up', () => {
    const tails = Array.from({ length: 12 }, (_, k) => betaBinomialUpperTail(k, 10, 2, 3));
    expect(tails[0]).toBe(1);
    expect(tails[11]).toBe(0);
    // With a = b = 1 all counts are equally likely.
    expect(betaBinomialUpperTail(4, 9, 1, 1)).toBeCloseTo(0.6, 10);
    expect(tails.every((tail, i) => i === 0 || tail <= tails[i - 1]!)).toBe(true);
    // A very strong prior is the binomial: P(X >= 8 | 10, 0.5).
    expect(betaBinomialUpperTail(8, 10, 5e6, 5e6)).toBeCloseTo(0.0546875, 5);
  });
});

describe('intervals', () => {
  test.each([
    [0, 20, 0, 0.1611],
    [5, 50, 0.0435, 0.2136],
    [20, 20, 0.8389, 1],
  ])('Wilson %i of %i', (k, n, low, high) => {
    const interval = wilsonInterval(k, n);
    expect([interval.low, interval.high]).toEqual([expect.closeTo(low, 3), expect.closeTo(high, 3)]);
  });

  test.each([
    [0, 20, 0, 0.1684],
    [5, 50, 0.0333, 0.2181],
    [150, 150, 0.9757, 1],
  ])('Clopper-Pearson %i of %i', (k, n, low, high) => {
    const interval = clopperPearsonInterval(k, n);
    expect([interval.low, interval.high]).toEqual([expect.closeTo(low, 3), expect.closeTo(high, 3)]);
  });

  test('both hold the share, shrink with the sample and know nothing of an empty one', () => {
    expect(wilsonInterval(0, 0)).toEqual({ share: 0, low: 0, high: 1 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), (n, p) => {
        const k = Math.round(p * n);
        for (const interval of [wilsonInterval, clopperPearsonInterval]) {
          const { share, low, high } = interval(k, n);
          const larger = interval(k * 4, n * 4);
          expect(low <= share && share <= high).toBe(true);
          expect(larger.high - larger.low).toBeLessThanOrEqual(high - low + 1e-9);
        }
      }),
    );
  });
});

test('q-values are those of Benjamini and Hochberg, in the order given', () => {
  expect(qValues([0.01, 0.04, 0.03, 0.005])).toEqual([0.02, 0.04, 0.04, 0.02].map((q) => expect.closeTo(q, 10)));
  expect(qValues([])).toEqual([]);
});

describe('shrinkage', () => {
  const peers = [10, 12, 9, 11, 30].map((hits) => ({ hits, cases: 100 }));

  test('pulls a share towards the peers, the more the fewer cases it stands on', () => {
    const prior = fitPrior(peers);
    const mean = prior.a / (prior.a + prior.b);
    const [few, many] = [shrink({ hits: 5, cases: 10 }, prior), shrink({ hits: 500, cases: 1000 }, prior)];
    expect(mean).toBeCloseTo(0.144, 2);
    expect(few).toBeGreaterThan(mean);
    expect(many).toBeGreaterThan(few);
    expect(many).toBeLessThan(0.5);
  });

  test('peers that differ more give a weaker prior', () => {
    const alike = fitPrior([10, 10, 10, 10, 10].map((hits) => ({ hits, cases: 100 })));
    const apart = fitPrior([1, 40, 5, 60, 2].map((hits) => ({ hits, cases: 100 })));
    expect(apart.a + apart.b).toBeLessThan((alike.a + alike.b) / 5);
  });
});
