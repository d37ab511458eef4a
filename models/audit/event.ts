/** Facts are codes and numbers of a decision; never names, diagnoses or other values of a person. */
export type AuditFacts = Readonly<Record<string, string | number | boolean | null>>;

export type AuditKind = 'read' | 'decision' | 'change' | 'access';

/** What a caller hands over; the chain adds sequence, previous hash and hash. */
export interface AuditDraft {
  /** `read`: medical data was shown; `decision`; `change`; `access`: logins, keys, refused access. */
  readonly kind: AuditKind;
  /** The action of the policy table, or a system step such as 'review.auto-accept'. */
  readonly action: string;
  /** Account id, 'rule-set:<version>' or 'system'. */
  readonly actor: string;
  readonly subjectType: string;
  readonly subjectIds: readonly string[];
  /** Why medical data was read. */
  readonly purpose?: string | null;
  readonly requestId?: string | null;
  readonly facts?: AuditFacts;
  /** Names the chain family; default: by kind. Events of one subject land in one shard, in order. */
  readonly family?: string;
}

/** One link of a chain, as hashed and stored. `at` is an ISO instant in UTC. */
export interface AuditEvent {
  readonly stream: string;
  readonly seq: number;
  readonly at: string;
  readonly kind: AuditKind;
  readonly action: string;
  readonly actor: string;
  readonly subjectType: string;
  readonly subjectIds: readonly string[];
  readonly subjectCount: number;
  readonly purpose: string | null;
  readonly requestId: string | null;
  readonly facts: AuditFacts;
}

export interface ChainedEvent extends AuditEvent {
  /** Hex SHA-256 of the link before; 64 zeros for the first. */
  readonly prev: string;
  readonly hash: string;
}

/** Ids beyond this are counted, not kept: one read of a long list must not blow up the trail. */
export const MAX_SUBJECT_IDS = 100;
