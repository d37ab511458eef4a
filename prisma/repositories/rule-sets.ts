import { createHash } from 'node:crypto';
import type { DecisionTable } from '../../models/library/decision-tables/table.schema';
import type { GuidelinePack } from '../../models/review/reference';
import type { Queryable } from '../pool';
import { IN_FORCE } from './rule-versions';

/** One version and the days on which the rule set applies it; an absent bound is open. */
export interface RuleSetEntry {
  readonly name: string;
  readonly version: string;
  readonly sha256: string;
  readonly from?: string;
  readonly to?: string;
}

/** What fixes findings besides the reference tables. Immutable once used; `version` is the hash of the content. */
export interface RuleSetContent {
  readonly engine: string;
  readonly packs: readonly RuleSetEntry[];
  /** Expert tables; absent in sets without any. */
  readonly tables?: readonly RuleSetEntry[];
}

/**
 * The rule set in force now: the engine's version and every version of a pack or expert table with its days. Registers
 * it when it is new. The days are part of the set: ending a version later never changes what an old set means.
 */
export async function currentRuleSet(db: Queryable, engine: string): Promise<string> {
  const packs = await entriesInForce(db, 'guideline_pack');
  const tables = await entriesInForce(db, 'decision_table');
  return registerRuleSet(db, { engine, packs, ...(tables.length === 0 ? {} : { tables }) });
}

async function registerRuleSet(db: Queryable, content: RuleSetContent): Promise<string> {
  const text = JSON.stringify(content);
  const version = `RS-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
  await db.query('INSERT INTO rule_set (version, content) VALUES ($1, $2) ON CONFLICT (version) DO NOTHING', [
    version,
    text,
  ]);
  return version;
}

async function entriesInForce(db: Queryable, kind: 'guideline_pack' | 'decision_table'): Promise<RuleSetEntry[]> {
  const rows = await db.query<{
    name: string;
    version: string;
    sha256: string;
    from: string | null;
    to: string | null;
  }>(
    `SELECT name, version, sha256, effective_from AS "from", effective_to AS "to" FROM ${kind}
     WHERE ${IN_FORCE} ORDER BY name, version`,
  );
  return rows.rows.map(({ from, to, ...entry }) => ({
    ...entry,
    ...(from === null ? {} : { from }),
    ...(to === null ? {} : { to }),
  }));
}

export async function ruleSetContent(db: Queryable, version: string): Promise<RuleSetContent> {
  const found = await db.query<{ content: RuleSetContent }>('SELECT content FROM rule_set WHERE version = $1', [
    version,
  ]);
  const content = found.rows[0]?.content;
  if (!content) throw new Error(`rule set ${version} is not registered`);
  return content;
}

/** The guideline packs of a rule set with their days, in the order of its content. Throws when the set is unknown. */
export async function packsOf(
  db: Queryable,
  version: string,
  parse: (data: unknown) => GuidelinePack,
): Promise<GuidelinePack[]> {
  const { packs } = await ruleSetContent(db, version);
  const data = await contentsOf(db, 'guideline_pack', packs);
  return packs.map(({ from, to }, i) => ({ ...parse(data[i]), effectiveFrom: from ?? null, effectiveTo: to ?? null }));
}

/** An expert table and the days on which its rule set applies it. */
export interface TableInForce {
  readonly table: DecisionTable;
  readonly from: string | null;
  readonly to: string | null;
}

export async function tablesOf(db: Queryable, version: string): Promise<TableInForce[]> {
  const { tables = [] } = await ruleSetContent(db, version);
  const data = await contentsOf(db, 'decision_table', tables);
  // Every table was checked against the same schema before it was published.
  return tables.map(({ from, to }, i) => ({ table: data[i] as DecisionTable, from: from ?? null, to: to ?? null }));
}

/** Contents of versions. Throws when one is gone or is not what the set was made of. */
async function contentsOf(
  db: Queryable,
  kind: 'guideline_pack' | 'decision_table',
  entries: readonly RuleSetEntry[],
): Promise<unknown[]> {
  if (entries.length === 0) return [];
  const rows = await db.query<{ data: unknown; sha256: string | null }>(
    `SELECT p.data, p.sha256 FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(name, version, place)
     LEFT JOIN ${kind} p ON p.name = w.name AND p.version = w.version ORDER BY w.place`,
    [entries.map((entry) => entry.name), entries.map((entry) => entry.version)],
  );
  rows.rows.forEach((row, i) => {
    if (row.sha256 !== entries[i]!.sha256)
      throw new Error(`${kind} ${entries[i]!.name} is not the one of the rule set`);
  });
  return rows.rows.map((row) => row.data);
}

/**
 * Publishes a pack that came with a world. The same content again changes nothing; another content under the same
 * version gets the content's hash as a suffix, because a used version never changes; earlier published versions of
 * the pack retire, unless people have published one of their own since. Returns the version that is in force now.
 */
export async function publishPack(
  tx: Queryable,
  pack: { readonly name: string; readonly version: string; readonly data: unknown },
): Promise<string> {
  const text = JSON.stringify(pack.data);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const known = await tx.query<{ version: string }>(
    'SELECT version FROM guideline_pack WHERE name = $1 AND sha256 = $2',
    [pack.name, sha256],
  );
  let version = known.rows[0]?.version;
  if (version === undefined) {
    const taken = await tx.query('SELECT 1 FROM guideline_pack WHERE name = $1 AND version = $2', [
      pack.name,
      pack.version,
    ]);
    version = taken.rows.length === 0 ? pack.version : `${pack.version}+${sha256.slice(0, 8)}`;
    await tx.query(
      `INSERT INTO guideline_pack (name, version, state, sha256, data, published_at) VALUES ($1, $2, 'published', $3, $4, now())`,
      [pack.name, version, sha256, text],
    );
  }
  await tx.query(
    `UPDATE guideline_pack SET state = CASE WHEN version = $2 THEN 'published' ELSE 'retired' END
     WHERE name = $1 AND state IN ('published', 'retired') AND state <> CASE WHEN version = $2 THEN 'published' ELSE 'retired' END
       AND NOT EXISTS (SELECT 1 FROM guideline_pack own WHERE own.name = $1 AND own.created_by IS NOT NULL
         AND own.state IN ('published', 'retired') AND own.reverted_at IS NULL)`,
    [pack.name, version],
  );
  return version;
}
