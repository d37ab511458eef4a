import type { TensorFlow } from './backend';
import { meanDeviance } from './deviance';
import type { Holdout, MemberData } from './member-batches';
import { batchOf, batchesOf, holdoutOf, levelsOf, rowsIn } from './member-batches';
import type { Constraints } from './member-trainer';
import { createTrainer } from './member-trainer';
import type { NetworkShape, NetworkWeights } from './network';
import { initialWeights } from './network';
import { predictMembers } from './predict-tf';
import { createRandom, shuffle } from './random';
import type { MemberSettings } from './settings';

export interface MemberProgress {
  readonly epoch: number;
  readonly epochs: number;
  readonly deviance: number;
}

export interface MemberResult {
  readonly weights: NetworkWeights;
  readonly deviance: number;
  readonly epochs: number;
}

/** A pause to let other work (heartbeats, Ctrl-C) through between steps. */
const STEPS_BETWEEN_PAUSES = 8;

/**
 * Trains one member by Adam on the Tweedie or Poisson deviance weighted by base, with early stopping on held-out sets.
 * Sets are never split between batches, so that clinics compete as they do in the programme.
 *
 * @param trainSets - indices of the sets to learn from
 * @param holdSets - indices of the sets to stop on (groups that are not in trainSets)
 * @throws the reason of `signal` when aborted
 */
export async function trainMember(
  tf: TensorFlow,
  data: MemberData,
  settings: MemberSettings,
  trainSets: Int32Array,
  holdSets: Int32Array,
  options: {
    readonly seed: number;
    readonly constraints?: Constraints;
    readonly signal?: AbortSignal;
    readonly onEpoch?: (progress: MemberProgress) => void;
  },
): Promise<MemberResult> {
  const shape: NetworkShape = {
    inputs: data.inputs.width,
    hidden: settings.hidden,
    compete: settings.compete,
  };
  const { meanRate, meanBase, meanLogSize } = levelsOf(data, trainSets);
  const start = initialWeights(shape, settings.compete ? meanLogSize : 0, options.seed);
  const trainer = createTrainer(tf, shape, settings, start, options.constraints);
  const random = createRandom(options.seed ^ 0x5bd1e995);
  const order = trainSets.slice();
  const hold = holdoutOf(data, holdSets);
  const batchCount = Math.max(1, Math.ceil(rowsIn(data.sets, trainSets) / settings.batchRows));
  const totalSteps = settings.epochs * batchCount;
  let step = 0;
  let best: MemberResult | null = null;
  let stale = 0;
  try {
    for (let epoch = 1; epoch <= settings.epochs; epoch++) {
      shuffle(order, random);
      for (const rows of batchesOf(data.sets, order, settings.batchRows)) {
        options.signal?.throwIfAborted();
        const rate = settings.learningRate * 0.5 * (1 + Math.cos((Math.PI * Math.min(step, totalSteps)) / totalSteps));
        trainer.step(batchOf(data, rows, meanRate, meanBase), rate, random);
        if (++step % STEPS_BETWEEN_PAUSES === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      const weights = withLevel(trainer.read(), Math.log(meanRate));
      const deviance = hold.rows.length === 0 ? 0 : holdoutDeviance(tf, shape, weights, hold, settings.power);
      options.onEpoch?.({ epoch, epochs: settings.epochs, deviance });
      if (best === null || deviance < best.deviance || hold.rows.length === 0) {
        best = { weights, deviance, epochs: epoch };
        stale = 0;
      } else if (++stale >= settings.patience) break;
    }
  } finally {
    trainer.dispose();
  }
  return best!;
}

function withLevel(weights: NetworkWeights, level: number): NetworkWeights {
  return { ...weights, bias: weights.bias + level };
}

function holdoutDeviance(
  tf: TensorFlow,
  shape: NetworkShape,
  weights: NetworkWeights,
  hold: Holdout,
  power: number,
): number {
  const [eta] = predictMembers(tf, shape, [weights], hold.inputs, { of: hold.setOf, count: hold.sets });
  const expected = Float64Array.from(eta!, (value, i) => Math.exp(Math.min(value, 50)) * hold.base[i]!);
  const scale = hold.totals.reduce((a, b) => a + b, 0) / hold.base.reduce((a, b) => a + b, 0) || 1;
  return meanDeviance(hold.totals, expected, hold.base, power) / Math.pow(scale, 2 - power);
}
