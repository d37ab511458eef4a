import { createHash } from 'node:crypto';
import type { GuidelinePack } from '../../models/review/reference';
import type { Queryable } from '../pool';

/** What fixes findings besides the reference tables. Immutable once used; `version` is the hash of the content. */
export interface RuleSetContent {
  readonly engine: string;
  readonly packs: readonly { readonly name: string; readonly version: string; readonly sha256: string }[];
}

/**
 * The rule set in force now: the engine's version and every published guideline pack. Registers it when it is new.
 * A pack that was retired later stays readable by its row, so an old batch can be replayed.
 */
export async function currentRuleSet(db: Queryable, engine: string): Promise<string> {
  const packs = await db.query<{ name: string; version: string; sha256: string }>(
    `SELECT name, version, sha256 FROM guideline_pack WHERE state = 'published' ORDER BY name, version`,
  );
  const content: RuleSetContent = { engine, packs: packs.rows };
  const text = JSON.stringify(content);
  const version = `RS-${createHash('sha256').update(text).digest('hex').slice(0, 12)}`;
  await db.query('INSERT INTO rule_set (version, content) VALUES ($1, $2) ON CONFLICT (version) DO NOTHING', [
    version,
    text,
  ]);
  return version;
}

/** The guideline packs of a rule set, in the order of its content. Throws when the rule set is unknown. */
export async function packsOf(
  db: Queryable,
  version: string,
  parse: (data: unknown) => GuidelinePack,
): Promise<GuidelinePack[]> {
  const found = await db.query<{ content: RuleSetContent }>('SELECT content FROM rule_set WHERE version = $1', [
    version,
  ]);
  const content = found.rows[0]?.content;
  if (!content) throw new Error(`rule set ${version} is not registered`);
  const rows = await db.query<{ data: unknown; from: string | null; to: string | null }>(
    `SELECT p.data, p.effective_from AS "from", p.effective_to AS "to"
     FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS w(name, version, place)
     JOIN guideline_pack p ON p.name = w.name AND p.version = w.version ORDER BY w.place`,
    [content.packs.map((pack) => pack.name), content.packs.map((pack) => pack.version)],
  );
  return rows.rows.map((row) => ({ ...parse(row.data), effectiveFrom: row.from, effectiveTo: row.to }));
}

/**
 * Publishes a pack that came with a world. The same content again changes nothing; another content under the same
 * version gets the content's hash as a suffix, because a used version never changes; earlier published versions of
 * the pack retire. Returns the version that is in force now.
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
     WHERE name = $1 AND state IN ('published', 'retired') AND state <> CASE WHEN version = $2 THEN 'published' ELSE 'retired' END`,
    [pack.name, version],
  );
  return version;
}
