import type { GateLimits } from '../../models/underwriting/gate';
import type { TrainRequest } from '../../models/underwriting/train';

/** Work of the training process. Paths are on the worker's own disk; results are files, so that a retry finds them. */
export type TrainingJob =
  | {
      readonly kind: 'train';
      readonly data: string;
      readonly out: string;
      readonly checkpoint: string;
      /** Names data and request: members of another training are never mixed in. */
      readonly key: string;
      readonly request: TrainRequest;
    }
  | {
      readonly kind: 'judge';
      readonly data: string;
      readonly challenger: string;
      /** Folder of the champion; null: there is none yet, the manual tariff stands in for it. */
      readonly champion: string | null;
      /** Only rows of this period are measured. */
      readonly period: number;
      readonly limits: GateLimits;
      readonly out: string;
    };

/** What the child tells while it works. */
export type ChildMessage =
  | {
      readonly kind: 'progress';
      readonly stage: string;
      readonly done: number;
      readonly of: number;
      readonly note: string;
    }
  | { readonly kind: 'done' }
  | {
      readonly kind: 'failed';
      readonly code: string | null;
      readonly text: { readonly ru: string; readonly en: string };
    };
