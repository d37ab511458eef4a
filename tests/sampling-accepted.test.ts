import fc from 'fast-check';
import type { CheckedLine } from '../models/sampling/estimate';
import { estimateErrorRate } from '../models/sampling/estimate';
import type { Lane, LaneFacts } from '../models/sampling/fast-lane';
import { DEFAULT_LANE_RULES, stepLane } from '../models/sampling/fast-lane';
import type { AcceptedLine, SamplingPlan } from '../models/sampling/inclusion';
import { sampleAccepted, uniformOf } from '../models/sampling/inclusion';

const lines = (count: number): AcceptedLine[] =>
  Array.from({ length: count }, (_, i) => ({
    id: `line-${i}`,
    shareKopecks: 10_000 + Math.floor(uniformOf('money', String(i)) * 500_000),
    risk: uniformOf('risk', String(i)) ** 3,
  }));
const plan: SamplingPlan = { baseRate: 0.02, riskDraws: 200, maxRate: 1 };

describe('the sample', () => {
  test('is the same for the same seed and another for another', () => {
    const book = lines(5000);
    const ids = (seed: string) => sampleAccepted(book, plan, seed).map(({ id }) => id);
    expect(ids('2026-11')).toEqual(ids('2026-11'));
    expect(ids('2026-12')).not.toEqual(ids('2026-11'));
  });

  test('does not depend on the order of lines', () => {
    const book = lines(2000);
    const drawn = (input: AcceptedLine[]) =>
      sampleAccepted(input, plan, 's')
        .map(({ id }) => id)
        .sort();
    expect(drawn(book.toReversed())).toEqual(drawn(book));
  });

  test('has about the promised size and prefers risk and money', () => {
    const book = lines(10_000);
    const sample = sampleAccepted(book, plan, 'x');
    // Expected 10,000 x 2% + 200 = 400; a Poisson sample varies by about 20.
    expect(sample.length).toBeGreaterThan(320);
    expect(sample.length).toBeLessThan(480);
    const mean = (list: readonly AcceptedLine[]) => list.reduce((sum, { risk }) => sum + risk, 0) / list.length;
    expect(mean(sample)).toBeGreaterThan(mean(book) * 1.5);
    expect(new Set(sample.map(({ reason }) => reason))).toEqual(new Set(['random', 'risk']));
  });

  test('gives every line its base chance and no line more than the ceiling', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ shareKopecks: fc.nat(1_000_000), risk: fc.double({ min: 0, max: 1, noNaN: true }) }), {
          minLength: 1,
          maxLength: 60,
        }),
        fc.double({ min: 0, max: 40, noNaN: true }),
        (book, riskDraws) => {
          const all = book.map((line, i) => ({ ...line, id: String(i) }));
          const drawn = sampleAccepted(all, { baseRate: 0.05, riskDraws, maxRate: 0.6 }, 'p');
          expect(drawn.every(({ probability }) => probability >= 0.05 && probability <= 0.6 + 1e-12)).toBe(true);
        },
      ),
    );
  });

  test('hash draws are even: a tenth of a million ids in each tenth', () => {
    const bins = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 20_000; i += 1) bins[Math.floor(uniformOf('even', `id-${i}`) * 10)]! += 1;
    expect(Math.min(...bins)).toBeGreaterThan(1850);
    expect(Math.max(...bins)).toBeLessThan(2150);
  });
});

describe('the error rate', () => {
  const checked = (count: number, wrong: number, probability = 0.05): CheckedLine[] =>
    Array.from({ length: count }, (_, i) => ({
      probability,
      shareKopecks: 100_000,
      wrong: i < wrong,
      overpaidKopecks: i < wrong ? 40_000 : 0,
    }));

  test('equal chances give the exact interval', () => {
    expect(estimateErrorRate(checked(200, 4), 4000)).toMatchObject({
      rate: 0.02,
      method: 'clopper-pearson',
      low: expect.closeTo(0.0055, 3),
      high: expect.closeTo(0.0504, 3),
      overpaid: 3_200_000,
    });
  });

  test('no error seen is not proof of none', () => {
    const none = estimateErrorRate(checked(100, 0), 5000);
    expect([none.rate, none.low]).toEqual([0, 0]);
    expect(none.high).toBeCloseTo(0.0362, 3);
    expect(estimateErrorRate([], 5000)).toMatchObject({ rate: 0, low: 0, high: 1, overpaid: 0 });
  });

  test('weights undo the preference for risky lines: the true rate lies in the interval in 90% of books or more', () => {
    const book = lines(6000);
    const isWrong = (line: AcceptedLine) => uniformOf('truth', line.id) < 0.01 + 0.15 * line.risk;
    const truth = book.filter(isWrong).length / book.length;
    const estimates = Array.from({ length: 60 }, (_, seed) => {
      const sample = sampleAccepted(book, { ...plan, baseRate: 0.04 }, `seed-${seed}`);
      const seen = sample.map((line) => ({
        ...line,
        wrong: isWrong(line),
        overpaidKopecks: isWrong(line) ? line.shareKopecks : 0,
      }));
      const naive = seen.filter(({ wrong }) => wrong).length / seen.length;
      return { ...estimateErrorRate(seen, book.length), naive };
    });
    const mean = (pick: (e: (typeof estimates)[number]) => number) =>
      estimates.reduce((sum, e) => sum + pick(e), 0) / 60;
    expect(estimates.filter(({ low, high }) => low <= truth && truth <= high).length).toBeGreaterThanOrEqual(54);
    expect(Math.abs(mean(({ rate }) => rate) - truth)).toBeLessThan(0.01);
    // The plain share of the sample would be far off: that is what the kept chances are for.
    expect(mean(({ naive }) => naive)).toBeGreaterThan(truth * 1.2);
  });
});

describe('the fast lane', () => {
  const ordinary: Lane = { state: 'ordinary', since: '2026-01-01', quarantineUntil: null };
  const fast: Lane = { state: 'fast', since: '2026-01-01', quarantineUntil: null };
  const good: LaneFacts = {
    checked: 300,
    wrong: 1,
    linesDecided: 500,
    linesRefusedOrReduced: 10,
    openFraudCase: false,
    ratingHigh: null,
  };
  const step = (lane: Lane, facts: Partial<LaneFacts>, today = '2026-06-01') =>
    stepLane(lane, { ...good, ...facts }, DEFAULT_LANE_RULES, today);

  test.each<[name: string, lane: Lane, facts: Partial<LaneFacts>, state: string, reason: string]>([
    ['earned by a proven low error rate', ordinary, {}, 'fast', 'error-rate-low'],
    ['not earned on few lines', ordinary, { checked: 149, wrong: 0 }, 'ordinary', 'not-enough-checked'],
    [
      'not earned when the bound is high',
      ordinary,
      { checked: 200, wrong: 5 },
      'ordinary',
      'error-rate-not-proven-low',
    ],
    ['not earned with many refusals', ordinary, { linesRefusedOrReduced: 80 }, 'ordinary', 'too-many-refusals'],
    ['kept between the thresholds', fast, { checked: 300, wrong: 12 }, 'fast', 'stays'],
    ['lost by a proven error rate', fast, { checked: 300, wrong: 30 }, 'ordinary', 'error-rate-proven'],
    ['lost by refusals', fast, { linesRefusedOrReduced: 60 }, 'ordinary', 'too-many-refusals'],
    ['not earned by a clinic rated low', ordinary, { ratingHigh: 24 }, 'ordinary', 'rating-proven-low'],
    ['lost by a rating that is proven low', fast, { ratingHigh: 24 }, 'ordinary', 'rating-proven-low'],
    ['kept where the rating may be fair', fast, { ratingHigh: 60 }, 'fast', 'stays'],
    ['suspended by a fraud case', fast, { openFraudCase: true }, 'suspended', 'fraud-case-open'],
  ])('%s', (_name, lane, facts, state, reason) => {
    const decision = step(lane, facts);
    expect([decision.lane.state, decision.reason]).toEqual([state, reason]);
    expect(decision.changed).toBe(state !== lane.state);
    expect(decision.text.ru).toMatch(/[а-я]/);
  });

  test('a lost lane cannot be earned again before its quarantine ends', () => {
    const lost = step(fast, { checked: 300, wrong: 30 }).lane;
    expect(lost).toEqual({ state: 'ordinary', since: '2026-06-01', quarantineUntil: '2026-08-30' });
    expect(step(lost, {}, '2026-08-29').reason).toBe('quarantine');
    expect(step(lost, {}, '2026-08-30').lane.state).toBe('fast');
  });

  test('after a closed case trust has to be earned again', () => {
    const suspended = step(fast, { openFraudCase: true }).lane;
    const after = step(suspended, {}, '2026-07-01');
    expect(after).toMatchObject({
      reason: 'fraud-case-closed',
      lane: { state: 'ordinary', quarantineUntil: '2026-09-29' },
    });
  });

  test('more errors never help a clinic', () => {
    const rank = { fast: 2, ordinary: 1, suspended: 0 };
    const counts = fc.record({ checked: fc.integer({ min: 1, max: 600 }), wrong: fc.nat(60), more: fc.nat(60) });
    fc.assert(
      fc.property(counts, fc.constantFrom(ordinary, fast), ({ checked, wrong, more }, lane) => {
        const few = step(lane, { checked, wrong: Math.min(wrong, checked) }).lane.state;
        const many = step(lane, { checked, wrong: Math.min(wrong + more, checked) }).lane.state;
        expect(rank[many]).toBeLessThanOrEqual(rank[few]);
      }),
    );
  });
});
