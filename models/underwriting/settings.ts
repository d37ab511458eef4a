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
  /** Settings of every second rotation, so that members err in different places; without them all are alike. */
  readonly other?: MemberSettings;
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
  const wide = compete ? rows >= 20_000 && factors >= 30 : rows >= 4000;
  const member: MemberSettings = {
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
  };
  return {
    // Where clinics compete there are no trees beside the networks, so products of pairs carry what goes together.
    bins: compete ? 3 : 10,
    folds: 5,
    rotations: effort === 'quick' ? 1 : rows > 200_000 ? 1 : 2,
    pairLimit: compete && factors >= 4 ? 40 : 0,
    member,
    ...(compete ? {} : { other: freeNetwork(member) }),
  };
}

/** A network that leans less on the shapes: nearly a plain one on the piecewise-linear inputs. */
function freeNetwork(member: MemberSettings): MemberSettings {
  return { ...member, hiddenPenalty: member.hiddenPenalty / 4, dropout: 0.2 };
}

/** The rivals that the search compares on held-out groups: more or less smoothing, finer shapes, no network. */
export function rivalSettings(
  base: TrainingSettings,
): readonly { readonly name: string; readonly settings: TrainingSettings }[] {
  const withMember = (change: Partial<MemberSettings>): TrainingSettings => {
    const member = { ...base.member, ...change };
    return { ...base, member, ...(base.other === undefined ? {} : { other: freeNetwork(member) }) };
  };
  const scaled = (factor: number): TrainingSettings =>
    withMember({
      shapePenalty: base.member.shapePenalty * factor,
      hiddenPenalty: base.member.hiddenPenalty * factor,
    });
  return [
    { name: 'base', settings: base },
    ...(base.bins < 10 ? [{ name: 'finer shapes', settings: { ...base, bins: 10 } }] : []),
    { name: 'lighter', settings: scaled(0.2) },
    { name: 'heavier', settings: scaled(4) },
    { name: 'additive', settings: withMember({ hidden: [0, 0] }) },
  ];
}

/** Rival sizes of the boosted trees that join the networks: the search on held-out groups takes one. */
export function forestRivals(
  rows: number,
  effort: Effort,
): readonly { readonly name: string; readonly settings: ForestSettings }[] {
  const common = {
    learningRate: rows > 100_000 ? 0.1 : effort === 'quick' ? 0.08 : 0.03,
    trees: 1000,
    patience: 40,
    rowShare: 0.7,
    factorShare: 0.6,
    ridge: 1,
    minRows: Math.min(200, Math.max(10, Math.round(rows / 400))),
  };
  const sizes = effort === 'quick' ? [8] : rows > 50_000 ? [8, 16, 32, 64] : [4, 8, 16];
  return sizes.map((leaves) => ({ name: `trees of ${leaves} leaves`, settings: { ...common, leaves } }));
}
