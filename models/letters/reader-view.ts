import type { Role } from '../access/roles';
import { textForClinic, valuesForClinic } from '../review/catalogue/for-clinic';
import type { LetterFinding } from './types';

interface ThreadEntry {
  readonly kind: string;
  readonly actorRole: string;
  readonly actorName: string | null;
  readonly at: string;
  readonly body: unknown;
}

interface ReadableLine {
  readonly findings: readonly LetterFinding[];
}

interface Readable {
  readonly clinicCode: string;
  readonly state: string;
  readonly skill: string | null;
  readonly escalatedAt: string | null;
  readonly overdue: boolean;
  readonly holderName: string | null;
  readonly leaseUntil: string | null;
  readonly proposedBy: string | null;
  readonly proposal: unknown;
  readonly awaitsLead: boolean;
  readonly trustedLane: boolean;
  readonly thread: readonly ThreadEntry[];
  readonly lines: readonly ReadableLine[];
}

/** What the clinic and the insured may read of an entry; an entry without a list is the insurer's own business. */
const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  'first-answer': ['state', 'lines', 'documents'],
  'ask-documents': ['question'],
  'give-documents': ['answer', 'attachmentIds'],
  decide: ['lines'],
  amend: ['reason', 'lines'],
  extend: ['validTo'],
  cancel: ['reason', 'lineNos'],
  appeal: ['reason', 'lineNos'],
  use: ['lines'],
  closed: [],
};

/**
 * A request as its reader may see it. Staff sees all; the clinic and the insured see questions, answers and decisions
 * that hold, but neither doctors' notes and proposals among themselves, nor how the insurer deals out its work, nor which
 * line of another clinic a finding refers to.
 */
export function readerView<L extends Readable>(letter: L, role: Role): L {
  if (role !== 'clinic' && role !== 'insured') return letter;
  const decided = letter.proposedBy === null && letter.state !== 'pended';
  const last = letter.thread.findLastIndex((entry) => entry.kind === 'decide');
  const thread = letter.thread.flatMap((entry, i) => {
    const fields = OUTSIDE[entry.kind];
    // While doctors still confer, and for a proposal that another one had to confirm, only what holds is shown.
    const proposal = entry.kind === 'decide' && (isProposal(letter.thread, i) || (i === last && !decided));
    if (fields === undefined || proposal) return [];
    const body = (entry.body ?? {}) as Record<string, unknown>;
    return [{ ...entry, body: Object.fromEntries(fields.flatMap((key) => (key in body ? [[key, body[key]]] : []))) }];
  });
  return {
    ...letter,
    skill: null,
    escalatedAt: null,
    overdue: false,
    holderName: null,
    leaseUntil: null,
    proposedBy: null,
    proposal: null,
    awaitsLead: false,
    trustedLane: false,
    thread,
    lines: letter.lines.map((line) => ({
      ...line,
      findings: line.findings.map((found) => ({
        ...found,
        text: textForClinic(found.text, found.values, letter.clinicCode),
        values: valuesForClinic(found.values, letter.clinicCode),
      })),
    })),
  };
}

/** A decision that another doctor's decision followed, with nothing but the insurer's own steps between. */
function isProposal(thread: readonly ThreadEntry[], at: number): boolean {
  const next = thread.slice(at + 1).find((entry) => entry.kind !== 'escalated' && entry.kind !== 'overdue');
  return next?.kind === 'decide';
}
