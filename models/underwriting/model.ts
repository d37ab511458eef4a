import type { Factor } from './catalogue';
import type { Champions } from './champions';
import type { Encoding } from './encoding';
import type { Forest } from './forest';
import type { HistoryRoles } from './history-columns';
import type { IntervalTable } from './intervals';
import type { LargeLoss } from './large-loss';
import type { NetworkShape, NetworkWeights } from './network';
import type { PairInput } from './pairs';
import type { Panel } from './panel';
import type { PeriodLevels } from './price-level';
import type { FactorProfile } from './profile';
import type { TrainingSettings } from './settings';
import type { BinnedFactor } from './tree-bins';
import type { Family, ModelColumns } from './spec';
import type { PastGroups } from './comparables';
import type { ClinicChoice } from './clinic-choice';

/** One trained network: which fold it never saw, and the factor that gives the training total back. */
export interface Member {
  readonly fold: number;
  readonly level: number;
  readonly weights: NetworkWeights;
  /** Boosted trees of the same fold, where the model has them. */
  readonly forest?: Forest;
}

/** Trees beside the networks: log mu of a member = (1 - weight) x network + weight x trees. */
export interface TreePart {
  readonly factors: readonly BinnedFactor[];
  readonly weight: number;
}

export interface CohortLevels {
  /** Factor on groups without experience, and on those with it. */
  readonly newBusiness: number;
  readonly renewal: number;
}

/** A trained underwriting model: plain data, saved as model.json, weights.bin and panel.bin. */
export interface UnderwritingModel {
  /** Hash of data, settings and weights: what a quote keeps. */
  readonly version: string;
  readonly trainedOn: {
    readonly rows: number;
    readonly groups: number;
    readonly from: number;
    readonly to: number;
    readonly seed: number;
    /** Middle exposure of a row; absent without an exposure. */
    readonly typicalExposure?: number;
  };
  readonly columns: ModelColumns;
  readonly family: Family;
  readonly power: number;
  readonly factors: readonly Factor[];
  readonly settings: TrainingSettings;
  readonly search: readonly { readonly name: string; readonly deviance: number }[];
  readonly encoding: Encoding;
  readonly pairs: readonly PairInput[];
  readonly shape: NetworkShape;
  readonly members: readonly Member[];
  readonly trees?: TreePart;
  readonly folds: number;
  readonly foldSeed: number;
  /** Training mean of total / base, and of log set size. */
  readonly meanRate: number;
  /** Training mean of base / exposure: the price level of the waterfall's start. */
  readonly meanIndex: number;
  readonly meanLogSetSize: number;
  /** Price level of the last period, and of each: for rows that come without one. */
  readonly lastIndex: number;
  readonly indexByPeriod?: PeriodLevels;
  readonly levels: CohortLevels;
  readonly history: HistoryRoles | null;
  readonly panel: Panel;
  readonly panelGroups: readonly string[];
  readonly panelEntities: readonly string[];
  readonly trainGroups: ReadonlySet<string>;
  /**
   * Whether a group of the training is priced by the members that never saw it (default: yes). Needed where its own past
   * comes back as experience; without periods there is none, and all members speak.
   */
  readonly outOfFold?: boolean;
  readonly intervals: IntervalTable;
  readonly largeLoss: LargeLoss;
  readonly champions: Champions;
  readonly profiles: readonly FactorProfile[];
  readonly importance: readonly FactorImportance[];
  readonly past: PastGroups;
  readonly choice: ClinicChoice | null;
  readonly warnings: readonly string[];
}

export interface FactorImportance {
  readonly code: string;
  /** Mean absolute contribution over the mean price; shares of the whole sum to 1. */
  readonly share: number;
  /** Below what pure noise of the same training reaches: not to be shown as influence. */
  readonly belowNoise: boolean;
}
