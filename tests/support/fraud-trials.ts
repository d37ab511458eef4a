/**
 * Scores many simulated worlds in a plain Node process (numeric loops run several times slower inside jest's sandbox)
 * and prints one JSON summary. Arguments: honest | planted.
 */
import { areaUnderCurve, calibration, type CalibrationBin } from '../../models/fraud/metrics';
import { scoreFraud } from '../../models/fraud/score';
import type { FraudAlert } from '../../models/fraud/types';
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
function mixedSchemes(seed: number): SimulatorOptions['schemes'] {
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

process.stdout.write(JSON.stringify(process.argv[2] === 'honest' ? honestTrials() : plantedTrials()));
