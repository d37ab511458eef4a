import { runTrials, TRIALS_MS } from './support/run-fraud-trials';
import type { ReplantedTrials } from './support/fraud-trials';

/**
 * The demo world with its own schemes taken out, other ones planted (other clinics, doctors, kinds, shares) and every
 * answer given anew at the rates counted in its answers.
 */
describe('fraud scores on the demo world with other schemes', () => {
  let trials: ReplantedTrials[];
  beforeAll(async () => {
    trials = await runTrials<ReplantedTrials[]>('replanted');
    process.stdout.write(`${trials.map((one) => JSON.stringify(one)).join('\n')}\n`);
  }, TRIALS_MS);
  const of = (how: string): ReplantedTrials => trials.find((one) => one.how === how)!;

  it.each([
    ['busy', 0.95],
    ['any', 0.85],
    ['declared', 0.85],
    ['few answers', 0.8],
  ])('finds the schemes at capacity (%s: %d and more)', (how, least) => {
    expect(of(how).foundAtK / of(how).planted).toBeGreaterThan(least);
  });

  it('lists few who are innocent', () => {
    for (const one of trials.filter(({ planted }) => planted > 0)) {
      expect(one.listedRight / one.listed).toBeGreaterThan(0.75);
      expect(one.opened - one.openedRight).toBeLessThanOrEqual(0.1 * one.opened);
      expect(one.auc).toBeGreaterThan(0.99);
    }
  });

  it('opens nothing where nobody was planted', () => {
    expect(of('honest').opened).toBe(0);
  });

  it('knows which lines were invented, and how many', () => {
    for (const one of trials.filter(({ planted }) => planted > 0)) {
      expect(one.lineAuc).toBeGreaterThan(0.95);
      expect(Math.abs(Math.log(one.lineCalibration))).toBeLessThan(0.25);
    }
  });
});
