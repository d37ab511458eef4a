import type { Anchor } from './anchor';
import { EMPTY_HEAD, linkHash } from './chain';
import type { ChainHead } from './chain';
import type { ChainedEvent } from './event';

/**
 * `changed`: the content does not fit its hash. `unlinked`: the link before is not the one it names. `gap`: numbers are
 * missing or repeated (deleted, inserted, reordered). `head`: the chain ends elsewhere than its head says (tail cut).
 * `anchor`: a signed anchor knows a link that is not there or differs (tail cut with head, rewrite).
 * `signature`: an anchor itself was forged.
 */
export type AuditFault = 'changed' | 'unlinked' | 'gap' | 'head' | 'anchor' | 'signature';

export interface FaultReport {
  readonly stream: string;
  readonly seq: number;
  readonly fault: AuditFault;
}

export interface StreamVerifier {
  /** Links in ascending order of their number. */
  readonly push: (link: ChainedEvent) => void;
  /** To be called once after the last link; gives every fault of the stream. */
  readonly finish: (head: ChainHead | undefined) => FaultReport[];
}

/** Checks one chain link by link in constant memory. `anchors` may come from the database, from a file, or both. */
export function verifyStream(stream: string, anchors: readonly Anchor[]): StreamVerifier {
  const faults: FaultReport[] = [];
  const anchored = new Map<number, Set<string>>();
  for (const anchor of anchors) {
    const head = anchor.heads[stream];
    if (head !== undefined) anchored.set(head.seq, (anchored.get(head.seq) ?? new Set()).add(head.hash));
  }
  let last: ChainHead = EMPTY_HEAD;
  const report = (seq: number, fault: AuditFault): void => {
    faults.push({ stream, seq, fault });
  };
  return {
    push(link) {
      if (link.seq !== last.seq + 1) report(link.seq, 'gap');
      if (link.prev !== last.hash) report(link.seq, 'unlinked');
      if (link.stream !== stream || linkHash(link.prev, link) !== link.hash) report(link.seq, 'changed');
      const wanted = anchored.get(link.seq);
      if (wanted !== undefined && (wanted.size > 1 || !wanted.has(link.hash))) report(link.seq, 'anchor');
      anchored.delete(link.seq);
      last = { seq: link.seq, hash: link.hash };
    },
    finish(head) {
      if ((head ?? EMPTY_HEAD).seq !== last.seq || (head ?? EMPTY_HEAD).hash !== last.hash) report(last.seq, 'head');
      for (const seq of anchored.keys()) if (seq > 0) report(seq, 'anchor');
      return faults;
    },
  };
}
