import type { Anchor, AnchorKeys } from '../../models/audit/anchor';
import { isGenuineAnchor, signAnchor } from '../../models/audit/anchor';
import { extendChain, GENESIS, streamOf } from '../../models/audit/chain';
import type { ChainHead } from '../../models/audit/chain';
import type { AuditDraft, AuditKind, ChainedEvent } from '../../models/audit/event';
import type { FaultReport } from '../../models/audit/verify';
import { verifyStream } from '../../models/audit/verify';
import type { Pool, PoolClient, Queryable } from '../pool';
import { setStatementTimeout, withTransaction } from '../pool';

const VERIFY_PAGE = 5_000;

/**
 * Adds events to the trail inside the caller's transaction. Heads are locked in name order (no deadlocks between
 * writers) and stay locked until the commit, so call it as the last thing in a transaction.
 */
export async function appendAudit(tx: PoolClient, drafts: AuditDraft | readonly AuditDraft[]): Promise<void> {
  const byStream = new Map<string, AuditDraft[]>();
  for (const draft of Array.isArray(drafts) ? (drafts as readonly AuditDraft[]) : [drafts as AuditDraft]) {
    const stream = streamOf(draft);
    byStream.set(stream, [...(byStream.get(stream) ?? []), draft]);
  }
  if (byStream.size === 0) return;
  const streams = [...byStream.keys()].sort();
  await tx.query(
    `INSERT INTO audit_stream (stream, seq, hash)
     SELECT s, 0, decode($2, 'hex') FROM unnest($1::text[]) s ORDER BY s ON CONFLICT DO NOTHING`,
    [streams, GENESIS],
  );
  const heads = await tx.query<{ stream: string; seq: number; hash: string; at: string }>(
    `SELECT stream, seq, encode(hash, 'hex') AS hash, date_trunc('milliseconds', clock_timestamp()) AS at
     FROM audit_stream WHERE stream = ANY($1) ORDER BY stream FOR UPDATE`,
    [streams],
  );
  const links: ChainedEvent[] = [];
  const newHeads: (ChainHead & { stream: string })[] = [];
  for (const row of heads.rows) {
    const extended = extendChain(row.stream, row, byStream.get(row.stream) ?? [], row.at);
    links.push(...extended.links);
    newHeads.push({ stream: row.stream, ...extended.head });
  }
  await insertLinks(tx, links);
  await tx.query(
    `UPDATE audit_stream s SET seq = n.seq, hash = decode(n.hash, 'hex')
     FROM unnest($1::text[], $2::bigint[], $3::text[]) AS n(stream, seq, hash) WHERE s.stream = n.stream`,
    [newHeads.map((head) => head.stream), newHeads.map((head) => head.seq), newHeads.map((head) => head.hash)],
  );
}

/** As `appendAudit`, in a transaction of its own. */
export async function recordAudit(pool: Pool, drafts: AuditDraft | readonly AuditDraft[]): Promise<void> {
  await withTransaction(pool, (tx) => appendAudit(tx, drafts));
}

export interface AuditQuery {
  readonly actor?: string | undefined;
  readonly subjectId?: string | undefined;
  readonly kind?: AuditKind | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly before?: readonly [string, string, number] | null;
  readonly limit: number;
}

/** Newest first; `before` is (at, stream, seq) of the last row of the page before. */
export async function listAudit(db: Queryable, query: AuditQuery): Promise<ChainedEvent[]> {
  const [at, stream, seq] = query.before ?? [null, null, null];
  const rows = await db.query<ChainedEvent>(
    `${SELECT_LINK} WHERE ($1::text IS NULL OR actor = $1) AND ($2::text IS NULL OR subject_ids @> ARRAY[$2])
       AND ($3::text IS NULL OR kind = $3) AND ($4::timestamptz IS NULL OR at >= $4)
       AND ($5::timestamptz IS NULL OR at < $5)
       AND ($6::timestamptz IS NULL OR (at, stream, seq) < ($6, $7::text, $8::bigint))
     ORDER BY at DESC, stream DESC, seq DESC LIMIT $9`,
    [query.actor, query.subjectId, query.kind, query.from, query.to, at, stream, seq, query.limit],
  );
  return rows.rows;
}

export interface AuditVerification {
  readonly streams: number;
  readonly events: number;
  readonly anchors: number;
  /** Empty: the trail is whole. */
  readonly faults: FaultReport[];
}

/**
 * Re-computes every chain and holds it against its head, the stored anchors and `exported` ones. Finds changed, deleted,
 * reordered and inserted events, and with an anchor also a tail that was cut off together with its head.
 */
export async function verifyAudit(
  pool: Pool,
  keys: Pick<AnchorKeys, 'publicKey'>,
  exported: readonly Anchor[] = [],
): Promise<AuditVerification> {
  const client = await pool.connect();
  try {
    // One snapshot for events, heads and anchors, while writers go on.
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    await setStatementTimeout(client, 0);
    const anchors = [...(await storedAnchors(client)), ...exported];
    const genuine = anchors.filter((anchor) => isGenuineAnchor(keys, anchor));
    const faults: FaultReport[] = anchors.length > genuine.length ? [{ stream: '', seq: 0, fault: 'signature' }] : [];
    const heads = await readHeads(client);
    const found = await client.query<{ stream: string }>('SELECT DISTINCT stream FROM audit_event');
    const named = genuine.flatMap((anchor) => Object.keys(anchor.heads));
    const streams = new Set([...Object.keys(heads), ...found.rows.map((row) => row.stream), ...named]);
    let events = 0;
    for (const stream of [...streams].sort()) {
      const verifier = verifyStream(stream, genuine);
      for await (const link of readStream(client, stream)) {
        verifier.push(link);
        events += 1;
      }
      faults.push(...verifier.finish(heads[stream]));
    }
    return { streams: streams.size, events, anchors: anchors.length, faults };
  } finally {
    await client.query('ROLLBACK').catch(() => undefined);
    client.release();
  }
}

/** Signs the present heads and keeps the anchor; returns it for export to a place the database's owner cannot reach. */
export async function writeAnchor(pool: Pool, keys: AnchorKeys): Promise<Anchor> {
  return withTransaction(pool, async (tx) => {
    const clock = await tx.query<{ at: string }>(`SELECT date_trunc('milliseconds', clock_timestamp()) AS at`);
    const anchor = signAnchor(keys, clock.rows[0]!.at, await readHeads(tx));
    await tx.query(`INSERT INTO audit_anchor (at, heads, signature) VALUES ($1, $2, decode($3, 'hex'))`, [
      anchor.at,
      JSON.stringify(anchor.heads),
      anchor.signature,
    ]);
    return anchor;
  });
}

/** True when there are events and no anchor of the last `minutes`. */
export async function isAnchorDue(db: Queryable, minutes: number): Promise<boolean> {
  const rows = await db.query<{ due: boolean }>(
    `SELECT EXISTS (SELECT FROM audit_stream WHERE seq > 0)
       AND NOT EXISTS (SELECT FROM audit_anchor WHERE at > now() - make_interval(mins => $1)) AS due`,
    [minutes],
  );
  return rows.rows[0]?.due ?? false;
}

const SELECT_LINK = `SELECT stream, seq, at, kind, action, actor, subject_type AS "subjectType",
  subject_ids AS "subjectIds", subject_count AS "subjectCount", purpose, request_id AS "requestId", facts,
  encode(prev, 'hex') AS prev, encode(hash, 'hex') AS hash FROM audit_event`;

async function insertLinks(tx: PoolClient, links: readonly ChainedEvent[]): Promise<void> {
  await tx.query(
    `INSERT INTO audit_event (stream, seq, at, kind, action, actor, subject_type, subject_ids, subject_count, purpose,
       request_id, facts, prev, hash)
     SELECT e.stream, e.seq, e.at, e.kind, e.action, e.actor, e."subjectType",
       ARRAY(SELECT jsonb_array_elements_text(e."subjectIds")), e."subjectCount", e.purpose, e."requestId", e.facts,
       decode(e.prev, 'hex'), decode(e.hash, 'hex')
     FROM jsonb_to_recordset($1::jsonb) AS e(stream text, seq bigint, at timestamptz, kind text, action text, actor text,
       "subjectType" text, "subjectIds" jsonb, "subjectCount" int, purpose text, "requestId" text, facts jsonb,
       prev text, hash text)`,
    [JSON.stringify(links)],
  );
}

async function readHeads(db: Queryable): Promise<Record<string, ChainHead>> {
  const rows = await db.query<ChainHead & { stream: string }>(
    `SELECT stream, seq, encode(hash, 'hex') AS hash FROM audit_stream WHERE seq > 0 ORDER BY stream`,
  );
  return Object.fromEntries(rows.rows.map((row) => [row.stream, { seq: row.seq, hash: row.hash }]));
}

async function storedAnchors(db: Queryable): Promise<Anchor[]> {
  const rows = await db.query<Anchor>(
    `SELECT at, heads, encode(signature, 'hex') AS signature FROM audit_anchor ORDER BY id`,
  );
  return rows.rows;
}

async function* readStream(db: Queryable, stream: string): AsyncIterable<ChainedEvent> {
  let last = -1;
  for (;;) {
    const page = await db.query<ChainedEvent>(`${SELECT_LINK} WHERE stream = $1 AND seq > $2 ORDER BY seq LIMIT $3`, [
      stream,
      last,
      VERIFY_PAGE,
    ]);
    yield* page.rows;
    if (page.rows.length < VERIFY_PAGE) return;
    last = page.rows[page.rows.length - 1]!.seq;
  }
}
