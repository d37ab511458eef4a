import { compileReference } from '../../models/review/compile';
import type { CompiledReference } from '../../models/review/compile';
import { packFromFile } from '../../models/review/from-files';
import type { PackFile } from '../../models/review/from-files';
import type { GuidelinePack } from '../../models/review/reference';
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
  const packs = await readPacks(db, ruleSetVersion);
  const snapshot = await readReference(db, ruleSetVersion, packs);
  return { snapshot, compiled: compileReference(snapshot.reference) };
}

/** The least daily limit of packs; null when no pack has one. */
export function maxDoctorMinutes(packs: readonly GuidelinePack[]): number | null {
  const limits = packs.flatMap((pack) => (pack.day === null ? [] : [pack.day.maxDoctorMinutes]));
  return limits.length === 0 ? null : Math.min(...limits);
}

/** The same of a rule set, without compiling it. */
export async function maxDoctorMinutesOf(db: Queryable, ruleSetVersion: string): Promise<number | null> {
  return maxDoctorMinutes(await readPacks(db, ruleSetVersion));
}

function readPacks(db: Queryable, ruleSetVersion: string): Promise<GuidelinePack[]> {
  return packsOf(db, ruleSetVersion, (data) => packFromFile(data as PackFile));
}
