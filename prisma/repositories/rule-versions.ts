import { createHash } from 'node:crypto';
import { AppError } from '../../models/errors';
import type { Lifecycle, LifecycleStep, PackState } from '../../models/library/lifecycle';
import type { Queryable } from '../pool';

/** Guideline packs and expert tables live alike: the same columns, the same states, the same triggers. */
export type RuleKind = 'guideline_pack' | 'decision_table';

export interface RuleVersion {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly state: PackState;
  readonly effectiveFrom: string | null;
  readonly effectiveTo: string | null;
  readonly sha256: string;
  /** Null: came with a world or with the product, not by a person's hand. */
  readonly createdBy: string | null;
  readonly reviewedBy: string | null;
  readonly publishedBy: string | null;
  readonly authors: readonly string[];
  readonly history: readonly LifecycleStep[];
  readonly revision: number;
  readonly replacesId: string | null;
  readonly createdAt: string;
  readonly publishedAt: string | null;
  readonly revertedAt: string | null;
}

const COLUMNS = `id, name, version, state, effective_from AS "effectiveFrom", effective_to AS "effectiveTo", sha256,
  created_by AS "createdBy", reviewed_by AS "reviewedBy", published_by AS "publishedBy", authors, history, revision,
  replaces_id AS "replacesId", created_at AS "createdAt", published_at AS "publishedAt", reverted_at AS "revertedAt"`;

/** Versions in the order of their names, the youngest first; `after` is the (name, created, id) of the last one seen. */
export async function listRuleVersions(
  db: Queryable,
  kind: RuleKind,
  query: {
    readonly name: string | null;
    readonly state: string | null;
    readonly after: readonly [string, string, string] | null;
    readonly limit: number;
  },
): Promise<RuleVersion[]> {
  const rows = await db.query<RuleVersion & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM ${kind} WHERE ($1::text IS NULL OR name = $1) AND ($2::text IS NULL OR state = $2)
       AND ($3::text IS NULL OR name > $3 OR (name = $3 AND (created_at, id) < ($4::timestamptz, $5::uuid)))
     ORDER BY name, created_at DESC, id DESC LIMIT $6`,
    [query.name, query.state, ...(query.after ?? [null, null, null]), query.limit],
  );
  return rows.rows;
}

export async function findRuleVersion(
  db: Queryable,
  kind: RuleKind,
  id: string,
  lock = false,
): Promise<RuleVersion | null> {
  const rows = await db.query<RuleVersion & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM ${kind} WHERE id = $1 ${lock ? 'FOR UPDATE' : ''}`,
    [id],
  );
  return rows.rows[0] ?? null;
}

export async function findRuleVersionByName(
  db: Queryable,
  kind: RuleKind,
  name: string,
  version: string,
): Promise<RuleVersion | null> {
  const rows = await db.query<RuleVersion & Record<string, unknown>>(
    `SELECT ${COLUMNS} FROM ${kind} WHERE name = $1 AND version = $2`,
    [name, version],
  );
  return rows.rows[0] ?? null;
}

/** The content as it was imported. */
export async function ruleVersionData(db: Queryable, kind: RuleKind, id: string): Promise<unknown> {
  const rows = await db.query<{ data: unknown }>(`SELECT data FROM ${kind} WHERE id = $1`, [id]);
  return rows.rows[0]?.data ?? null;
}

export interface DraftInput {
  readonly name: string;
  readonly version: string;
  readonly data: unknown;
  readonly author: string;
  readonly at: string;
}

/** Hash of a content: the same whatever the order of its keys, because jsonb forgets that order. */
export function contentHash(data: unknown): string {
  return createHash('sha256')
    .update(JSON.stringify(sorted(data)))
    .digest('hex');
}

/**
 * Stores a version as a draft. The same content again changes nothing; another content for a draft of the same version
 * replaces it and adds the author; a version that left draft is refused.
 */
export async function saveDraft(tx: Queryable, kind: RuleKind, draft: DraftInput): Promise<RuleVersion> {
  const sha256 = contentHash(draft.data);
  const step = { action: 'create', actor: draft.author, at: draft.at };
  await tx.query(
    `INSERT INTO ${kind} (name, version, state, sha256, data, created_by, authors, history)
     VALUES ($1, $2, 'draft', $3, $4, $5::uuid, ARRAY[$5::uuid], $6) ON CONFLICT (name, version) DO NOTHING`,
    [draft.name, draft.version, sha256, JSON.stringify(draft.data), draft.author, JSON.stringify([step])],
  );
  const found = await findRuleVersionByName(tx, kind, draft.name, draft.version);
  const known = (await findRuleVersion(tx, kind, found!.id, true))!;
  if (known.sha256.trim() === sha256) return known;
  if (known.state !== 'draft') throw versionTaken(known);
  const history = [...known.history, { action: 'edit', actor: draft.author, at: draft.at }];
  await tx.query(
    `UPDATE ${kind} SET sha256 = $2, data = $3, history = $4, revision = revision + 1,
       authors = CASE WHEN $5::uuid = ANY (authors) THEN authors ELSE authors || $5::uuid END WHERE id = $1`,
    [known.id, sha256, JSON.stringify(draft.data), JSON.stringify(history), draft.author],
  );
  return (await findRuleVersion(tx, kind, known.id))!;
}

export function lifecycleOf(row: RuleVersion): Lifecycle {
  const { state, authors, reviewedBy, effectiveFrom, effectiveTo, history } = row;
  return { state, authors, reviewedBy, effectiveFrom, effectiveTo, history };
}

/** Writes a step of the life of a locked version. */
export async function saveLifecycle(tx: Queryable, kind: RuleKind, id: string, life: Lifecycle): Promise<void> {
  const published = life.history.findLast((step) => step.action === 'publish') ?? null;
  await tx.query(
    `UPDATE ${kind} SET state = $2, reviewed_by = $3, effective_from = $4, effective_to = $5, history = $6,
       published_by = $7, published_at = COALESCE(published_at, $8::timestamptz), revision = revision + 1 WHERE id = $1`,
    [
      id,
      life.state,
      life.reviewedBy,
      life.effectiveFrom,
      life.effectiveTo,
      JSON.stringify(life.history),
      published?.actor ?? null,
      published?.at ?? null,
    ],
  );
}

/**
 * Ends the version that was in force until now, the day before the new one starts, and remembers it for one step back.
 * @throws AppError `library.bad-dates` when a version of the name starts on that day or later
 */
export async function replaceInForce(tx: Queryable, kind: RuleKind, row: RuleVersion, from: string): Promise<void> {
  await lockName(tx, kind, row.name);
  const others = await tx.query<{ id: string; from: string | null; to: string | null }>(
    `SELECT id, effective_from AS "from", effective_to AS "to" FROM ${kind}
     WHERE name = $1 AND id <> $2 AND ${IN_FORCE} AND (effective_to IS NULL OR effective_to >= $3)
     ORDER BY effective_from DESC NULLS LAST FOR UPDATE`,
    [row.name, row.id, from],
  );
  const later = others.rows.find((other) => other.from !== null && other.from >= from);
  if (later) throw startsTooEarly(from, later.from!);
  const [replaced] = others.rows;
  if (replaced === undefined) return;
  await tx.query(
    `UPDATE ${kind} SET effective_to = $2::date - 1, state = 'retired', revision = revision + 1 WHERE id = $1`,
    [replaced.id, from],
  );
  await tx.query(`UPDATE ${kind} SET replaces_id = $2, replaces_until = $3 WHERE id = $1`, [
    row.id,
    replaced.id,
    replaced.to,
  ]);
}

/** One step back: the version is out of force on every day, and the one that it replaced is in force as before. */
export async function revertVersion(
  tx: Queryable,
  kind: RuleKind,
  row: RuleVersion,
  step: { readonly actor: string; readonly at: string; readonly comment: string },
): Promise<void> {
  await lockName(tx, kind, row.name);
  const later = await tx.query(`SELECT 1 FROM ${kind} WHERE replaces_id = $1 AND reverted_at IS NULL`, [row.id]);
  if (row.state !== 'published' || row.revertedAt !== null || later.rows.length > 0) throw notLatest(row);
  const history = [...row.history, { action: 'retire', ...step }];
  await tx.query(
    `UPDATE ${kind} SET state = 'retired', reverted_at = $2, history = $3, revision = revision + 1 WHERE id = $1`,
    [row.id, step.at, JSON.stringify(history)],
  );
  await tx.query(
    `UPDATE ${kind} p SET effective_to = n.replaces_until, revision = p.revision + 1,
       state = CASE WHEN n.replaces_until IS NULL THEN 'published' ELSE p.state END
     FROM ${kind} n WHERE n.id = $1 AND p.id = n.replaces_id`,
    [row.id],
  );
}

/** Rows that belong to the rules in force on some day: published ones, and ended ones for the days that they had. */
export const IN_FORCE = `reverted_at IS NULL AND (state = 'published' OR (state = 'retired' AND effective_to IS NOT NULL
  AND (effective_from IS NULL OR effective_from <= effective_to)))`;

/** Two who publish versions of one name at once follow each other. */
async function lockName(tx: Queryable, kind: RuleKind, name: string): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(hashtextextended($1, 26))`, [`${kind}/${name}`]);
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}

function versionTaken({ name, version, state }: RuleVersion): AppError {
  return new AppError(
    'library.version-taken',
    {
      ru: `Версия ${version} «${name}» уже ${state === 'reviewed' ? 'проверена' : 'опубликована'} с другим содержанием: дайте новый номер`,
      en: `Version ${version} of "${name}" already left draft with another content: give it a new number`,
    },
    { httpStatus: 409, details: { name, version, state } },
  );
}

function startsTooEarly(from: string, other: string): AppError {
  return new AppError(
    'library.bad-dates',
    {
      ru: `С ${other} действует другая версия: новая должна начаться позже, а не ${from}`,
      en: `Another version starts on ${other}: the new one has to start later, not on ${from}`,
    },
    { httpStatus: 409, details: { from, other } },
  );
}

function notLatest({ name, version }: RuleVersion): AppError {
  return new AppError(
    'library.not-latest',
    {
      ru: `Отменить можно только последнюю действующую версию «${name}», а ${version} не она`,
      en: `Only the latest version in force of "${name}" can be reverted, and ${version} is not it`,
    },
    { httpStatus: 409, details: { name, version } },
  );
}
