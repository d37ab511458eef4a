import { randomBytes } from 'node:crypto';
import { AppError } from '../../models/errors';
import { startClock, stopClock } from '../../models/letters/clocks';
import { cutToTerm } from '../../models/letters/term';
import { firstAnswer } from '../../models/letters/first-answer';
import { settle } from '../../models/letters/apply-act';
import type { LetterRecord, LetterRecordLine, LineAuthor } from '../../models/letters/record';
import type { LetterRequestInput } from '../../models/letters/request.schema';
import { skillFor } from '../../models/letters/skills';
import { answerTexts } from '../../models/letters/texts';
import type { FirstAnswer, LineAnswer, LineFacts } from '../../models/letters/types';
import { isSampled } from '../../models/letters/sampling';
import { withTransaction } from '../../prisma/pool';
import { holdLimits, lockPerson } from '../../prisma/repositories/letter-limits';
import { appendLetterEvent, insertLetter, readLetter } from '../../prisma/repositories/letters';
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
    const { letterNumber } = await lockPerson(tx, request.policyNo);
    const gathered = await gatherLetter(tx, request, { requestId, at: submittedAt, lock: true, review: deps.review });
    if (gathered.cover.policyId === null) throw policyUnknown();
    const answer = firstAnswer(gathered.facts, gathered.policy);
    const record = recordOf({ deps, requestId, request, submittedAt, gathered, answer, letterNumber });
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
      sampled: answer.trustedLane && isSampled(requestId, sampleShareOf(gathered)),
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
    await issueLetterRefs(tx, record);
    await announce(tx, record, { kind: 'submit', requestKey: 'submit' });
    await appendLetterEvent(tx, requestId, {
      kind: 'first-answer',
      actorRole: 'rule',
      actorId: deps.ruleSetVersion(),
      actorName: null,
      requestKey: 'submit',
      at: submittedAt,
      body: {
        state: record.state,
        documents: request.documents,
        lines: answer.lines.map(({ reserve: _reserve, ...line }, i) =>
          withTerm(line, record.lines[i]!, gathered.facts[i]!),
        ),
      },
    });
    return viewOf(record, deps.times);
  });
}

function recordOf(input: {
  deps: LetterDeps;
  requestId: string;
  request: LetterRequestInput;
  submittedAt: string;
  gathered: GatheredLetter;
  answer: FirstAnswer;
  letterNumber: string;
}): LetterRecord {
  const { deps, requestId, request, submittedAt, gathered, answer } = input;
  const author: LineAuthor = { kind: 'rule', ruleSetVersion: deps.ruleSetVersion() };
  const lines = gathered.lines.map((line, i) => {
    const facts = gathered.facts[i]!;
    return cutToTerm(
      recordLine({ ...request.lines[i]!, validityDays: facts.validityDays }, line, answer.lines[i]!, author),
      facts.termEnd,
    );
  });
  // Whoever has an answer has a stopped clock: an appeal starts it.
  const clock = startClock(submittedAt, request.urgency, gathered.policy);
  const record: LetterRecord = {
    requestId,
    number: answer.state === 'refused' ? null : input.letterNumber,
    urgency: request.urgency,
    state: answer.state,
    pendedFor: answer.pendedFor,
    submittedAt,
    finalAt: null,
    clock: answer.pendedFor === 'expert' ? clock : stopClock(clock, submittedAt),
    escalatedAt: null,
    overdue: false,
    proposedBy: null,
    proposal: null,
    awaitsLead: false,
    decidedBy: [],
    validTo: null,
    requestedKopecks: lines.reduce((sum, line) => sum + line.quantity * (line.unitPrice ?? 0), 0),
    fourEyesKopecks: gathered.policy.fourEyesKopecks,
    escalateBeforePercent: gathered.policy.escalateBeforePercent,
    lines,
  };
  return settle(record, submittedAt);
}

export function recordLine(
  asked: Pick<LetterRecordLine, 'quantity' | 'periodFrom' | 'periodTo' | 'validityDays'>,
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
    validityDays: asked.validityDays,
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

/** The reason beside a period that was cut. */
function withTerm(
  line: Omit<LineAnswer, 'reserve'>,
  { approvedTo, periodTo }: LetterRecordLine,
  { termEnd, validityDays }: LineFacts,
) {
  if (approvedTo === null || approvedTo === periodTo) return line;
  const why =
    termEnd?.reasonCode === 'AUTH-03'
      ? answerTexts.validityEnds(approvedTo, validityDays)
      : answerTexts.coverEnds(approvedTo);
  return { ...line, reasons: [...line.reasons, why] };
}

/** The largest share of the lanes that let the request through. */
function sampleShareOf({ cover, lines }: GatheredLetter): number {
  const lanes = cover.trusted.filter((lane) => lines.some((line) => line.serviceCode.startsWith(lane.servicePrefix)));
  return Math.max(0, ...lanes.map((lane) => lane.sampleShare));
}

/** Nobody can be promised anything without a policy; the refusal names the field, not the person. */
function policyUnknown(): AppError {
  return new AppError(
    'letter.policy-unknown',
    { ru: 'Полис с таким номером не найден', en: 'No policy has this number' },
    { httpStatus: 422, details: { field: 'policyNo' } },
  );
}
