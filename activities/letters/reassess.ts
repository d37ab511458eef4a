import { firstAnswer } from '../../models/letters/first-answer';
import { settle } from '../../models/letters/apply-act';
import { cutToTerm } from '../../models/letters/term';
import type { LetterRecord } from '../../models/letters/record';
import { gatherLetter } from '../../prisma/facts/letter-facts';
import type { PoolClient } from '../../prisma/pool';
import { readRequested } from '../../prisma/repositories/letter-requested';
import type { StoredLetter } from '../../prisma/repositories/letters';
import type { LetterDeps } from './deps';
import { recordLine } from './submit';

/**
 * Documents that the machine asked for have come: the machine looks again before a doctor does. What is clean now is
 * approved at once, what has lost its cover meanwhile is refused on administrative grounds, all else goes to a doctor
 * (`letter` as it came in). A request that a doctor has had in hand goes back to doctors only.
 */
export async function reassess(
  tx: PoolClient,
  deps: LetterDeps,
  stored: StoredLetter,
  letter: LetterRecord,
  at: string,
): Promise<LetterRecord> {
  const requested = await readRequested(tx, letter.requestId);
  if (requested === null || requested.doctorHadIt) return letter;
  const { requestId, urgency } = letter;
  const gathered = await gatherLetter(
    tx,
    { ...requested, urgency, senderRef: null },
    { requestId, at, lock: true, review: deps.review },
  );
  const open = gathered.facts.filter((_, i) => letter.lines[i]!.outcome === 'pended');
  const answers = firstAnswer(open, gathered.policy, stored.record.requestedKopecks).lines;
  const author = { kind: 'rule', ruleSetVersion: deps.ruleSetVersion() } as const;
  const lines = letter.lines.map((line, i) => {
    const answer = answers.find((candidate) => candidate.lineNo === line.lineNo);
    if (answer === undefined || answer.outcome === 'pended') return line;
    const { validityDays, termEnd } = gathered.facts[i]!;
    return cutToTerm(recordLine({ ...line, validityDays }, line, answer, author), termEnd);
  });
  return settle({ ...letter, lines }, at);
}
