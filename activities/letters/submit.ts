import { randomBytes } from 'node:crypto';
import { pauseDeadline } from '../../models/calendar';
import { AppError } from '../../models/errors';
import { startClock } from '../../models/letters/clocks';
import { firstAnswer } from '../../models/letters/first-answer';
import { settle } from '../../models/letters/apply-act';
import type { LetterRecord, LetterRecordLine, LineAuthor } from '../../models/letters/record';
import type { LetterRequestInput } from '../../models/letters/request.schema';
import { skillFor } from '../../models/letters/skills';
import type { FirstAnswer, LineAnswer } from '../../models/letters/types';
import { isSampled } from '../../models/letters/sampling';
import type { PoolClient } from '../../prisma/pool';
import { withTransaction } from '../../prisma/pool';
import { holdLimits } from '../../prisma/repositories/letter-limits';
import { appendLetterEvent, insertLetter, nextLetterNumber, readLetter } from '../../prisma/repositories/letters';
import { issueLetterRefs } from '../../prisma/repositories/letter-refs';
import type { LetterSubmission, LetterView } from '../../workflows/letter-messages';
import type { LetterDeps } from './deps';
import { gatherLetter } from '../../prisma/facts/letter-facts';
import type { GatheredLetter } from '../../prisma/facts/letter-facts';
import { announce } from './announce';
import { viewOf } from './view';

/**
 * Takes a request and gives the first answer in one transaction: cover, limits (held at once), clinical rules,
 * duplicates, cost. Idempotent by the request's id: a second run returns what the first one stored.
 */
export async function submitLetter(
  deps: LetterDeps,
  { requestId, requester, request, submittedAt }: LetterSubmission & { requestId: string },
): Promise<LetterView> {
  return withTransaction(deps.pool, async (tx) => {
    const known = await readLetter(tx, requestId);
    if (known !== null) return viewOf(known.record, deps.times);
    const gathered = await gatherLetter(tx, request, { requestId, at: submittedAt, lock: true, review: deps.review });
    if (gathered.cover.policyId === null) throw policyUnknown();
    const answer = firstAnswer(gathered.facts, gathered.policy);
    const record = await recordOf(tx, { deps, requestId, request, submittedAt, gathered, answer });
    const stored = await insertLetter(tx, {
      record,
      policyId: gathered.cover.policyId,
      clinicId: gathered.clinicId,
      hubId: gathered.hubId,
      contractId: gathered.enrolment?.contractId ?? null,
      programmeId: gathered.enrolment?.programmeId ?? null,
      requester,
      senderRef: request.senderRef ?? null,
      checkCode: randomBytes(16).toString('base64url'),
      skill: skillFor(gathered.lines),
      trustedLane: answer.trustedLane,
      sampled: answer.trustedLane && isSampled(requestId, gathered.cover.trusted[0]?.sampleShare ?? 0),
      lines: gathered.lines.map((line, i) => ({
        lineNo: line.lineNo,
        serviceCode: line.serviceCode,
        serviceId: line.serviceId,
        diagnosisCode: line.diagnosisCode,
        tooth: line.tooth,
        findings: gathered.findings[i]!,
      })),
    });
    // Another run of the same submission was quicker: its answer stands.
    if (!stored) return viewOf((await readLetter(tx, requestId))!.record, deps.times);
    if (gathered.account !== null) {
      const holdings = answer.lines.flatMap((line) => line.reserve.map((part) => ({ lineNo: line.lineNo, ...part })));
      if (holdings.length > 0) await holdLimits(tx, requestId, gathered.account, holdings);
    }
    await appendLetterEvent(tx, requestId, {
      kind: 'first-answer',
      actorRole: 'rule',
      actorId: deps.ruleSetVersion(),
      actorName: null,
      requestKey: 'submit',
      at: submittedAt,
      body: { state: answer.state, lines: answer.lines.map(({ reserve: _reserve, ...line }) => line) },
    });
    await issueLetterRefs(tx, record);
    await announce(tx, record, 'submit');
    return viewOf(record, deps.times);
  });
}

async function recordOf(
  tx: PoolClient,
  input: {
    deps: LetterDeps;
    requestId: string;
    request: LetterRequestInput;
    submittedAt: string;
    gathered: GatheredLetter;
    answer: FirstAnswer;
  },
): Promise<LetterRecord> {
  const { deps, requestId, request, submittedAt, gathered, answer } = input;
  const author: LineAuthor = { kind: 'rule', ruleSetVersion: deps.ruleSetVersion() };
  const lines = gathered.lines.map((line, i) => recordLine(request.lines[i]!, line, answer.lines[i]!, author));
  const pended = answer.state === 'pended';
  const clock = pended ? startClock(submittedAt, request.urgency, gathered.policy) : null;
  const record: LetterRecord = {
    requestId,
    number: answer.state === 'refused' ? null : await nextLetterNumber(tx),
    urgency: request.urgency,
    state: answer.state,
    pendedFor: answer.pendedFor,
    submittedAt,
    finalAt: null,
    clock: clock !== null && answer.pendedFor === 'documents' ? pauseDeadline(clock, submittedAt) : clock,
    escalatedAt: null,
    overdue: false,
    proposedBy: null,
    decidedBy: [],
    validTo: null,
    requestedKopecks: lines.reduce((sum, line) => sum + line.quantity * (line.unitPrice ?? 0), 0),
    fourEyesKopecks: gathered.policy.fourEyesKopecks,
    escalateBeforePercent: gathered.policy.escalateBeforePercent,
    lines,
  };
  return settle(record, submittedAt);
}

function recordLine(
  asked: LetterRequestInput['lines'][number],
  line: { lineNo: number; unitPrice: number | null },
  answer: LineAnswer,
  author: LineAuthor,
): LetterRecordLine {
  const promised = answer.outcome === 'approved' || answer.outcome === 'partial';
  return {
    lineNo: line.lineNo,
    quantity: asked.quantity,
    unitPrice: line.unitPrice,
    periodFrom: asked.periodFrom,
    periodTo: asked.periodTo,
    outcome: answer.outcome,
    approvedQuantity: answer.quantity,
    approvedKopecks: answer.amount,
    approvedFrom: promised ? asked.periodFrom : null,
    approvedTo: promised ? asked.periodTo : null,
    usedQuantity: 0,
    usedKopecks: 0,
    ground: answer.ground,
    reasonCode: answer.reasonCode,
    clause: null,
    author: answer.outcome === 'pended' ? null : author,
  };
}

/** Nobody can be promised anything without a policy; the refusal names the field, not the person. */
function policyUnknown(): AppError {
  return new AppError(
    'letter.policy-unknown',
    { ru: 'Полис с таким номером не найден', en: 'No policy has this number' },
    { httpStatus: 422, details: { field: 'policyNo' } },
  );
}
