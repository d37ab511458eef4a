/**
 * Scores many simulated worlds in a plain Node process (numeric loops run several times slower inside jest's sandbox)
 * and prints one JSON summary. Arguments: honest | planted | replanted.
 */
import { areaUnderCurve, calibration, type CalibrationBin } from '../../models/fraud/metrics';
import { scoreFraud } from '../../models/fraud/score';
import type { FraudAlert } from '../../models/fraud/types';
import { fitFraud } from '../../models/fraud/scoring';
import { replant, type Replanting } from './fraud-replanting';
import { simulateWorld, type Planted, type SimulatorOptions } from './fraud-simulator';

export interface HonestTrials {
  worlds: number;
  accused: number;
  forgetfulAccused: number;
}

export interface PlantedTrials {
  worlds: number;
  planted: number;
  foundAtK: number;
  foundAt2k: number;
  opened: number;
  openedRight: number;
  auc: number;
  bins: CalibrationBin[];
  calibrationError: number;
  lineAuc: number[];
}

const KINDS = ['phantom-clinic', 'phantom-doctor', 'upcoding-doctor', 'upcoding-clinic'] as const;

const matches = (alert: FraudAlert, one: Planted): boolean =>
  alert.clinic === one.clinic && alert.doctor === one.doctor && alert.scheme === one.scheme;

/** 1 to 5 schemes of mixed kinds, other ones for every seed. */
function mixedSchemes(seed: number): NonNullable<SimulatorOptions['schemes']> {
  return Array.from({ length: 1 + (seed % 5) }, (_, i) => KINDS[(seed * 7 + i * (1 + (seed % 3))) % 4]!);
}

function honestTrials(): HonestTrials {
  const trials: HonestTrials = { worlds: 200, accused: 0, forgetfulAccused: 0 };
  for (let seed = 1; seed <= trials.worlds; seed++) {
    const { alerts } = scoreFraud(simulateWorld({ seed: 9000 + seed, clinics: 12, episodes: 70 }).input);
    if (alerts.some((alert) => alert.decision === 'open')) trials.accused++;
  }
  for (let seed = 1; seed <= 10; seed++) {
    const { alerts } = scoreFraud(simulateWorld({ seed: 700 + seed, forget: 0.09 }).input);
    if (alerts.some((alert) => alert.decision === 'open' && alert.scheme === 'phantom')) trials.forgetfulAccused++;
  }
  return trials;
}

function plantedTrials(): PlantedTrials {
  const scores: number[] = [];
  const truth: boolean[] = [];
  const lineAuc: number[] = [];
  const sums = { worlds: 30, planted: 0, foundAtK: 0, foundAt2k: 0, opened: 0, openedRight: 0 };
  for (let seed = 1; seed <= sums.worlds; seed++) {
    const world = simulateWorld({ seed: 5000 + seed, schemes: mixedSchemes(seed) });
    const { alerts, posterior } = scoreFraud(world.input);
    const k = world.planted.length;
    const right = (alert: FraudAlert): boolean => world.planted.some((one) => matches(alert, one));
    sums.planted += k;
    sums.foundAtK += alerts.slice(0, k).filter(right).length;
    sums.foundAt2k += alerts.slice(0, 2 * k).filter(right).length;
    for (const alert of alerts) {
      scores.push(alert.score);
      truth.push(right(alert));
      if (alert.decision !== 'open') continue;
      sums.opened++;
      if (right(alert)) sums.openedRight++;
    }
    if (world.phantom.includes(1)) lineAuc.push(areaUnderCurve(posterior, world.phantom));
  }
  const { bins, error } = calibration(scores, truth, [0, 0.1, 0.9, 1.01]);
  return { ...sums, auc: areaUnderCurve(scores, truth), bins, calibrationError: error, lineAuc };
}

export interface ReplantedTrials {
  how: string;
  worlds: number;
  planted: number;
  foundAtK: number;
  /** Alerts as the command line lists them: opened cases and units from 0.3 on. */
  listed: number;
  listedRight: number;
  opened: number;
  openedRight: number;
  auc: number;
  lineAuc: number;
  /** Expected over true number of invented lines, all worlds together. */
  lineCalibration: number;
}

/** Other schemes in the demo world, at busy doctors as a rule, once at less busy ones and once without added lines. */
function replantedTrials(): ReplantedTrials[] {
  const settings: [string, Partial<Replanting>, number][] = [
    ['busy', { busy: 60 }, 10],
    ['any', { busy: 25 }, 10],
    ['declared', { busy: 60, how: 'declared' }, 8],
    ['few answers', { busy: 60, answered: 0.15 }, 8],
    ['honest', { schemes: [] }, 10],
  ];
  return settings.map(([how, options, worlds], at) => replantedTrial(how, options, worlds, 100 * at));
}

function replantedTrial(how: string, options: Partial<Replanting>, worlds: number, from: number): ReplantedTrials {
  const sums = { how, worlds, planted: 0, foundAtK: 0, listed: 0, listedRight: 0, opened: 0, openedRight: 0 };
  const [scores, truth]: [number[], boolean[]] = [[], []];
  const [lines, invented]: [number[], boolean[]] = [[], []];
  for (let seed = from + 1; seed <= from + worlds; seed++) {
    const { world, planted, phantom } = replant({ seed, schemes: mixedSchemes(seed), ...options });
    const scoring = fitFraud(world.book);
    for (let p = 0; p < world.book.parts; p++) {
      const part = world.book.part(p);
      lines.push(...scoring.scorePart(part).posterior);
      invented.push(...Array.from(part.order, (place) => phantom[place]!));
    }
    const right = ({ clinic, doctor, scheme }: FraudAlert): boolean =>
      planted.some(
        (one) =>
          one.clinic === world.clinicCodes[clinic] &&
          one.doctor === (doctor < 0 ? '' : world.doctorCodes[doctor]) &&
          one.scheme === scheme,
      );
    const alerts = scoring.alerts();
    const listed = alerts.filter(({ decision, score }) => decision === 'open' || score >= 0.3);
    const opened = alerts.filter(({ decision }) => decision === 'open');
    sums.planted += planted.length;
    sums.foundAtK += alerts.slice(0, planted.length).filter(right).length;
    sums.listed += listed.length;
    sums.listedRight += listed.filter(right).length;
    sums.opened += opened.length;
    sums.openedRight += opened.filter(right).length;
    scores.push(...alerts.map(({ score }) => score));
    truth.push(...alerts.map(right));
  }
  const expected = lines.reduce((sum, p) => sum + p, 0);
  return {
    ...sums,
    auc: areaUnderCurve(scores, truth),
    lineAuc: areaUnderCurve(lines, invented),
    lineCalibration: expected / invented.filter(Boolean).length,
  };
}

const TRIALS = { honest: honestTrials, planted: plantedTrials, replanted: replantedTrials };
process.stdout.write(JSON.stringify(TRIALS[process.argv[2] as keyof typeof TRIALS]()));
