import { compileReference } from '../../models/review/compile';
import type { CompiledReference } from '../../models/review/compile';
import { packFromFile } from '../../models/review/from-files';
import type { PackFile } from '../../models/review/from-files';
import type { GuidelinePack } from '../../models/review/reference';
import type { Queryable } from '../pool';
import { referenceMark, sameMark, withNewCodes } from '../repositories/reference-mark';
import type { ReferenceMark } from '../repositories/reference-mark';
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
  readonly mark: ReferenceMark;
  readonly value: Promise<CompiledSnapshot>;
}

/** One compiled reference per worker process: it is large, and every chunk of a batch reads the same. */
export function createSnapshots(): Snapshots {
  let held: Held | null = null;
  return {
    of: async (db, ruleSetVersion) => {
      const mark = await referenceMark(db);
      const before = held?.ruleSetVersion === ruleSetVersion ? held : null;
      if (before !== null && sameMark(before.mark, mark)) return before.value;
      const value = nextSnapshot(db, { ruleSetVersion, mark, before });
      const next = { ruleSetVersion, mark, value };
      held = next;
      value.catch(() => {
        if (held === next) held = null;
      });
      return value;
    },
  };
}

/** What is held with the codes that lines have brought since, or all anew. */
async function nextSnapshot(
  db: Queryable,
  asked: Omit<Held, 'value'> & { before: Held | null },
): Promise<CompiledSnapshot> {
  const { ruleSetVersion, mark, before } = asked;
  const known = await before?.value.catch(() => null);
  const grown = before && known ? await withNewCodes(db, known.snapshot, before.mark, mark) : null;
  return grown === null ? loadSnapshot(db, ruleSetVersion) : compiledOf(grown);
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
