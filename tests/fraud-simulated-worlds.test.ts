import { scoreFraud } from '../models/fraud/score';
import { simulateWorld } from './support/fraud-simulator';
import { runTrials, TRIALS_MS } from './support/run-fraud-trials';
import type { HonestTrials, PlantedTrials } from './support/fraud-trials';

describe('fraud scores on 30 worlds with planted schemes', () => {
  let trials: PlantedTrials;
  beforeAll(async () => {
    trials = await runTrials<PlantedTrials>('planted');
    process.stdout.write(`planted worlds: ${JSON.stringify({ ...trials, lineAuc: undefined })}\n`);
  }, TRIALS_MS);

  it('finds at least three quarters of the schemes at capacity, with unit and kind right', () => {
    expect(trials.foundAtK / trials.planted).toBeGreaterThan(0.85);
    expect(trials.foundAt2k / trials.planted).toBeGreaterThan(0.92);
  });

  it('separates guilty clinics and doctors from the rest', () => {
    expect(trials.auc).toBeGreaterThan(0.98);
  });

  it('keeps false cases under the declared tenth', () => {
    expect(trials.opened - trials.openedRight).toBeLessThanOrEqual(0.1 * trials.opened);
  });

  it('is calibrated: what it calls likely is likely, what it calls unlikely is not', () => {
    expect(trials.calibrationError).toBeLessThan(0.005);
    expect(trials.bins[0]!.observed).toBeLessThan(0.005);
    expect(trials.bins.at(-1)!.observed).toBeGreaterThan(0.9);
  });

  it('ranks lines that were never rendered', () => {
    expect(Math.min(...trials.lineAuc)).toBeGreaterThan(0.85);
    expect(trials.lineAuc.reduce((a, b) => a + b, 0) / trials.lineAuc.length).toBeGreaterThan(0.95);
  });
});

describe('fraud scores on honest worlds', () => {
  let trials: HonestTrials;
  beforeAll(async () => {
    trials = await runTrials<HonestTrials>('honest');
    process.stdout.write(`honest worlds: ${JSON.stringify(trials)}\n`);
  }, TRIALS_MS);

  it('opens a false case in fewer than one of twenty of 200 honest worlds', () => {
    expect(trials.worlds).toBe(200);
    expect(trials.accused).toBeLessThan(10);
  });

  it('accuses nobody of phantom billing where patients forget three times as often as usual', () => {
    expect(trials.forgetfulAccused).toBe(0);
  });
});

describe('fraud scores at the edges', () => {
  it('scores a book without answers or lines', () => {
    const world = simulateWorld({ seed: 3, clinics: 4, episodes: 30, answered: 0 });
    expect(scoreFraud(world.input).alerts.every((alert) => alert.decision !== 'open')).toBe(true);
    const none = { ...world.input, lines: { ...world.input.lines, length: 0 } };
    const empty = new Int32Array(0);
    const lines = {
      ...none.lines,
      clinic: empty,
      doctor: empty,
      person: empty,
      day: empty,
      service: empty,
      diagnosis: empty,
      episode: empty,
      quantity: empty,
      payable: new Float64Array(0),
    };
    expect(scoreFraud({ ...none, lines }).alerts).toEqual([]);
  });

  it('gives the same scores whatever the order in which clinics are numbered', () => {
    const world = simulateWorld({ seed: 11, clinics: 6, schemes: ['phantom-clinic', 'upcoding-doctor'] });
    const last = world.input.clinics - 1;
    const flip = (column: Int32Array): Int32Array => column.map((c) => last - c);
    const mirrored = scoreFraud({
      ...world.input,
      lines: { ...world.input.lines, clinic: flip(world.input.lines.clinic) },
      answers: { ...world.input.answers, clinic: flip(world.input.answers.clinic) },
    });
    const plain = scoreFraud(world.input);
    for (const alert of plain.alerts.slice(0, 5)) {
      const twin = mirrored.alerts.find((one) => one.clinic === last - alert.clinic && one.doctor === alert.doctor)!;
      expect(twin.score).toBeCloseTo(alert.score, 6);
    }
  });

  it('opens no more cases than the investigators can take, the dearest first', () => {
    const world = simulateWorld({ seed: 12, clinics: 8, schemes: ['phantom-clinic', 'phantom-clinic'] });
    const { alerts } = scoreFraud(world.input, { capacity: 1 });
    const open = alerts.filter((alert) => alert.decision === 'open');
    expect(open).toHaveLength(1);
    expect(open[0]!.expected).toBe(Math.max(...alerts.slice(0, 2).map((alert) => alert.expected)));
  });
});
