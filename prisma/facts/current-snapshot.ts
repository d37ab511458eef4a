import type { Queryable } from '../pool';
import { currentRuleSet } from '../repositories/rule-sets';
import type { CompiledSnapshot, Snapshots } from '../../prisma/facts/snapshots';

/** How long an answer may be given by a reference that has changed meanwhile. */
const FRESH_MS = 5_000;

export interface CurrentSnapshot {
  (db: Queryable): Promise<CompiledSnapshot>;
  /** Version of the rule set of the last answer. */
  readonly version: () => string;
}

/**
 * The compiled reference in force now. Asking the tables costs more than a whole first answer, so they are asked once
 * in a few seconds and in the background: a letter is judged by a reference that is at most that old.
 */
export function createCurrentSnapshot(snapshots: Snapshots, engineVersion: string): CurrentSnapshot {
  let held: { value: CompiledSnapshot; until: number } | null = null;
  let refreshing: Promise<CompiledSnapshot> | null = null;
  const refresh = async (db: Queryable): Promise<CompiledSnapshot> => {
    const value = await snapshots.of(db, await currentRuleSet(db, engineVersion));
    held = { value, until: Date.now() + FRESH_MS };
    return value;
  };
  const current = async (db: Queryable): Promise<CompiledSnapshot> => {
    if (held !== null && held.until > Date.now()) return held.value;
    refreshing ??= refresh(db).finally(() => {
      refreshing = null;
    });
    if (held === null) return refreshing;
    refreshing.catch(() => undefined);
    return held.value;
  };
  return Object.assign(current, { version: () => held?.value.compiled.source.version ?? 'unread' });
}
