import type { TensorFlow } from './backend';
import type { Factor } from './catalogue';
import { contributionShares } from './importance';
import type { UnderwritingModel } from './model';
import { NOISE_CODES, noiseFactors, withNoise } from './noise-factor';
import type { ModelRows } from './rows';
import type { TrainingControl } from './train-ensemble';
import { prepare, runMember, shapeOf } from './train-ensemble';

/**
 * The share of influence that pure noise reaches: one more member is trained with noise beside the factors and taken
 * apart. It prices nothing: noise among the inputs of the ensemble costs up to half a per cent of its deviance.
 */
export async function measureNoise(
  tf: TensorFlow,
  model: Omit<UnderwritingModel, 'version' | 'importance'>,
  rows: ModelRows,
  factors: readonly Factor[],
  folds: Int32Array,
  seed: number,
  control: TrainingControl,
): Promise<number> {
  const noisy = { ...rows, table: withNoise(rows.table, rows, seed) };
  const settings = { ...model.settings, pairLimit: 0 };
  const prepared = await prepare(tf, noisy, [...factors, ...noiseFactors()], settings, folds, seed, control);
  const { member } = await runMember(tf, prepared.data, settings, folds, 0, seed, prepared.constraints, control);
  const { encoding, pairs, data } = prepared;
  const gauge = {
    ...model,
    encoding,
    pairs,
    shape: shapeOf(data, settings),
    members: [member],
    trees: undefined,
    outOfFold: false,
  };
  const shares = contributionShares(gauge, noisy, data.inputs, seed);
  return Math.max(0, ...shares.filter(({ code }) => NOISE_CODES.includes(code)).map(({ share }) => share));
}
