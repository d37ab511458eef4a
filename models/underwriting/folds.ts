import type { ModelRows } from './rows';
import { foldOf } from './sets';

/** Folds of a training: how many, the seed that {@link foldOf} takes, and the fold of each row. */
export interface FoldPlan {
  readonly folds: number;
  readonly seed: number;
  readonly of: Int32Array;
}

const SEEDS_TRIED = 10_000;

/**
 * Folds of whole groups with none empty: as many as asked, or one a group where there are fewer. A hash may leave a fold of
 * a few groups empty, and a member without held-out rows would not know when to stop; the next seed that leaves none is
 * taken then, so that folds still follow from the group's name alone.
 */
export function planFolds({ groupNames }: ModelRows, wanted: number, seed: number): FoldPlan {
  const names = [...new Set(groupNames)];
  for (let folds = Math.min(wanted, names.length); ; folds--) {
    for (let tried = seed; tried < seed + SEEDS_TRIED; tried++) {
      const used = new Set<number>();
      for (const name of names) {
        used.add(foldOf(name, folds, tried));
        if (used.size === folds) break;
      }
      if (used.size === folds)
        return { folds, seed: tried, of: Int32Array.from(groupNames, (name) => foldOf(name, folds, tried)) };
    }
  }
}
