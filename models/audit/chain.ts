import { createHash } from 'node:crypto';
import type { AuditDraft, AuditEvent, ChainedEvent } from './event';
import { MAX_SUBJECT_IDS } from './event';

/** Chains per family: writers of different subjects do not wait for each other's head. */
const SHARDS = 16;

export const GENESIS = '0'.repeat(64);

export interface ChainHead {
  readonly seq: number;
  /** Hex hash of link `seq`; GENESIS when empty. */
  readonly hash: string;
}

export const EMPTY_HEAD: ChainHead = { seq: 0, hash: GENESIS };

/**
 * JSON with one spelling per value (RFC 8785): keys in code-unit order, no blanks. Numbers and strings are spelt as
 * ECMAScript does, which is what the RFC asks for.
 */
export function canonicalJson(value: unknown): string {
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${canonicalJson(item)}`).join(',')}}`;
}

/** Hash of a link: SHA-256 over the previous hash and the canonical JSON of everything else in it. */
export function linkHash(prev: string, event: AuditEvent): string {
  const { stream, seq, at, kind, action, actor, subjectType, subjectIds, subjectCount, purpose, requestId, facts } =
    event;
  const content = {
    stream,
    seq,
    at,
    kind,
    action,
    actor,
    subjectType,
    subjectIds,
    subjectCount,
    purpose,
    requestId,
    facts,
  };
  return createHash('sha256').update(Buffer.from(prev, 'hex')).update(canonicalJson(content)).digest('hex');
}

/** The chain that an event belongs to: family and a shard by its subject, so that one subject's story is one chain. */
export function streamOf(draft: AuditDraft): string {
  const family = draft.family ?? draft.kind;
  const spread = `${draft.subjectType}:${draft.subjectIds[0] ?? draft.actor}`;
  const shard = createHash('sha256').update(spread).digest()[0]! % SHARDS;
  return `${family}:${String(shard).padStart(2, '0')}`;
}

/** Adds drafts to the end of their chain. All drafts have to belong to `stream`. `at`: ISO instant in UTC. */
export function extendChain(
  stream: string,
  head: ChainHead,
  drafts: readonly AuditDraft[],
  at: string,
): { readonly links: ChainedEvent[]; readonly head: ChainHead } {
  let { seq, hash } = head;
  const links = drafts.map((draft) => {
    seq += 1;
    const event: AuditEvent = {
      stream,
      seq,
      at,
      kind: draft.kind,
      action: draft.action,
      actor: draft.actor,
      subjectType: draft.subjectType,
      subjectIds: draft.subjectIds.slice(0, MAX_SUBJECT_IDS),
      subjectCount: draft.subjectIds.length,
      purpose: draft.purpose ?? null,
      requestId: draft.requestId ?? null,
      facts: draft.facts ?? {},
    };
    const link = { ...event, prev: hash, hash: linkHash(hash, event) };
    hash = link.hash;
    return link;
  });
  return { links, head: { seq, hash } };
}
