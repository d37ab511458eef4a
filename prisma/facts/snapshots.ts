import { compileReference } from '../../models/review/compile';
import type { CompiledReference } from '../../models/review/compile';
import { packFromFile } from '../../models/review/from-files';
import type { PackFile } from '../../models/review/from-files';
import type { GuidelinePack } from '../../models/review/reference';
import type { Queryable } from '../pool';
import { changesSince, referenceSeenNow, withNewCodes } from '../repositories/reference-changes';
import { readReference } from '../repositories/reference-snapshot';
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

interface Held {
  readonly ruleSetVersion: string;
  /** What was visible before it was read. */
  readonly seen: string;
  readonly value: CompiledSnapshot;
}

/** One compiled reference per worker process: it is large, and every chunk of a batch reads the same. */
export function createSnapshots(): Snapshots {
  let held: Promise<Held> | null = null;
  return {
    of: async (db, ruleSetVersion) => {
      const before = held;
      const next = nextOf(db, ruleSetVersion, before);
      held = next;
      next.catch(() => {
        if (held === next) held = null;
      });
      return (await next).value;
    },
  };
}

/** What is held, with the codes that lines have brought since; read anew after any other change. */
async function nextOf(db: Queryable, ruleSetVersion: string, before: Promise<Held> | null): Promise<Held> {
  const held = await before?.catch(() => null);
  if (held?.ruleSetVersion !== ruleSetVersion) return read(db, ruleSetVersion);
  const changes = await changesSince(db, held.seen);
  if (changes.ruling) return read(db, ruleSetVersion);
  const { seen, diagnoses, items } = changes;
  if (diagnoses.length === 0 && items.length === 0) return { ...held, seen };
  return { ...held, seen, value: compiledOf(await withNewCodes(db, held.value.snapshot, changes)) };
}

async function read(db: Queryable, ruleSetVersion: string): Promise<Held> {
  const seen = await referenceSeenNow(db);
  return { ruleSetVersion, seen, value: await loadSnapshot(db, ruleSetVersion) };
}

/** Reads and compiles the reference as the tables say to this connection. */
export async function loadSnapshot(db: Queryable, ruleSetVersion: string): Promise<CompiledSnapshot> {
  const packs = await readPacks(db, ruleSetVersion);
  return compiledOf(await readReference(db, ruleSetVersion, packs));
}

function compiledOf(snapshot: ReferenceSnapshot): CompiledSnapshot {
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
