import { compileReference } from '../../models/review/compile';
import type { CompiledReference } from '../../models/review/compile';
import { packFromFile } from '../../models/review/from-files';
import type { PackFile } from '../../models/review/from-files';
import type { Queryable } from '../pool';
import { readReference, referenceFingerprint } from '../repositories/reference-snapshot';
import type { ReferenceSnapshot } from '../repositories/reference-snapshot';
import { packsOf } from '../repositories/rule-sets';

export interface CompiledSnapshot {
  readonly snapshot: ReferenceSnapshot;
  readonly compiled: CompiledReference;
}

export interface Snapshots {
  /** The compiled reference of a rule set as the tables say now; compiled again only when something changed. */
  readonly of: (db: Queryable, ruleSetVersion: string) => Promise<CompiledSnapshot>;
}

/** One compiled reference per worker process: it is large, and every chunk of a batch reads the same. */
export function createSnapshots(): Snapshots {
  let held: { key: string; value: Promise<CompiledSnapshot> } | null = null;
  return {
    of: async (db, ruleSetVersion) => {
      const key = `${ruleSetVersion}/${await referenceFingerprint(db)}`;
      if (held?.key === key) return held.value;
      const value = loadSnapshot(db, ruleSetVersion);
      held = { key, value };
      value.catch(() => {
        if (held?.value === value) held = null;
      });
      return value;
    },
  };
}

/** Reads and compiles the reference as the tables say to this connection. */
export async function loadSnapshot(db: Queryable, ruleSetVersion: string): Promise<CompiledSnapshot> {
  const packs = await packsOf(db, ruleSetVersion, (data) => packFromFile(data as PackFile));
  const snapshot = await readReference(db, ruleSetVersion, packs);
  return { snapshot, compiled: compileReference(snapshot.reference) };
}

/** The least daily limit of the packs; null when no pack has one. */
export function maxDoctorMinutes(compiled: CompiledReference): number | null {
  const limits = compiled.source.packs.flatMap((pack) => (pack.day === null ? [] : [pack.day.maxDoctorMinutes]));
  return limits.length === 0 ? null : Math.min(...limits);
}
