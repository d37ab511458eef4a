import type { ForestSettings } from './grow-forest';

export interface MemberSettings {
  readonly hidden: readonly [number, number];
  readonly compete: boolean;
  readonly power: number;
  /** Ridge on shapes (b and v) and on the hidden layers. */
  readonly shapePenalty: number;
  readonly hiddenPenalty: number;
  readonly dropout: number;
  readonly learningRate: number;
  readonly epochs: number;
  readonly patience: number;
  readonly batchRows: number;
}

export interface TrainingSettings {
  readonly bins: number;
  readonly member: MemberSettings;
  readonly folds: number;
  /** Full rotations of the folds; members = folds x rotations. */
  readonly rotations: number;
  readonly pairLimit: number;
}

/** Effort of a training: `quick` for tests and first looks. */
export type Effort = 'full' | 'quick';

/** Reference size at which the strengths of settings.ts were chosen on held-out groups (docs/underwriting-comparison.md). */
const REFERENCE_ROWS = 30_000;
const STEPS = 700;

/** Settings by size of the data, before the search on held-out groups. */
export function baseSettings(
  rows: number,
  factors: number,
  power: number,
  compete: boolean,
  effort: Effort,
): TrainingSettings {
  const strength = Math.sqrt(REFERENCE_ROWS / Math.max(rows, 300));
  const batchRows = rows < 4000 ? 128 : 512;
  const wide = rows >= 20_000 && factors >= 30;
  return {
    bins: compete ? 3 : 6,
    folds: 5,
    rotations: effort === 'quick' ? 1 : rows > 200_000 ? 1 : 2,
    pairLimit: factors < 4 ? 0 : 40,
    member: {
      hidden: rows < 1000 ? [0, 0] : wide ? [64, 32] : [32, 16],
      compete,
      power,
      shapePenalty: 1e-2 * strength,
      hiddenPenalty: 3e-3 * strength,
      dropout: 0.15,
      learningRate: 2e-3,
      epochs: Math.min(60, Math.max(effort === 'quick' ? 6 : 8, Math.ceil((STEPS * batchRows) / Math.max(rows, 1)))),
      patience: 4,
      batchRows,
    },
  };
}

/** The rivals that the search compares on held-out groups: more or less smoothing, finer shapes, no network. */
export function rivalSettings(
  base: TrainingSettings,
): readonly { readonly name: string; readonly settings: TrainingSettings }[] {
  const scaled = (factor: number): MemberSettings => ({
    ...base.member,
    shapePenalty: base.member.shapePenalty * factor,
    hiddenPenalty: base.member.hiddenPenalty * factor,
  });
  return [
    { name: 'base', settings: base },
    { name: 'finer shapes', settings: { ...base, bins: 10 } },
    { name: 'lighter', settings: { ...base, member: scaled(0.2) } },
    { name: 'heavier', settings: { ...base, member: scaled(4) } },
    { name: 'additive', settings: { ...base, member: { ...base.member, hidden: [0, 0] } } },
  ];
}

/** Rival sizes of the boosted trees that join the networks: the search on held-out groups takes one. */
export function forestRivals(rows: number): readonly { readonly name: string; readonly settings: ForestSettings }[] {
  const common = {
    learningRate: rows > 100_000 ? 0.1 : 0.04,
    trees: 800,
    patience: 40,
    rowShare: 0.7,
    factorShare: 0.6,
    ridge: 1,
  };
  const minRows = Math.min(200, Math.max(10, Math.round(rows / 400)));
  return [4, 8, 16, 32].map((leaves) => ({
    name: `trees of ${leaves} leaves`,
    settings: { ...common, leaves, minRows },
  }));
}
