import { isAppError } from '../models/errors';
import { checkDisputeDecisions, disputeError, replacementOf } from '../models/disputes/decide';
import type { DisputeDecision } from '../models/disputes/decide';
import { insurerShareOf } from '../models/review-case/money';
import { verdictOf } from '../models/review-case/decisions';
import type { CaseAuthor } from '../models/review-case/decisions';
import { isProblem, problemError } from '../models/review-case/problems';
import type { PoolClient } from '../prisma/pool';
import {
  activeVerdictId,
  closeDispute,
  decideDisputeLine,
  disputeLines,
  escalateDispute,
  findDispute,
  lockDispute,
} from '../prisma/repositories/disputes';
import type { DisputeLineRow, DisputeRow } from '../prisma/repositories/disputes';
import { enqueue } from '../prisma/repositories/outbox';
import { setLineStates, setVersionStates } from '../prisma/repositories/route-lines';
import { insertVerdicts, retireVerdict } from '../prisma/repositories/verdicts';
import type { DecideDisputeCommand, DisputeView } from '../workflows/dispute-messages';
import { deciding } from './review/deciding';
import type { CaseDeps } from './review/deciding';

export type DisputeActivities = ReturnType<typeof createDisputeActivities>;

type DecideDispute = DecideDisputeCommand & { readonly disputeId: string };

const OUTCOME = { uphold: 'upheld', overturn: 'overturned', partly: 'partly' } as const;

/** Steps of one dispute, each one transaction; the row lock of the dispute decides every race. */
export function createDisputeActivities(deps: CaseDeps) {
  const { pool } = deps;
  return {
    async loadDispute({ disputeId }: { disputeId: string }): Promise<DisputeView> {
      const row = await findDispute(pool, disputeId, { kind: 'all' });
      if (row === null) throw disputeError('dispute.unknown');
      return viewOf(row);
    },

    decideDispute: (command: DecideDispute): Promise<DisputeView> => decideDispute(deps, command).catch(translate),

    escalateDispute: ({ disputeId }: { disputeId: string }): Promise<void> => escalateDispute(pool, disputeId),
  };
}

async function decideDispute(deps: CaseDeps, command: DecideDispute): Promise<DisputeView> {
  const { requestId, disputeId, decisions } = command;
  const dispute = await findDispute(deps.pool, disputeId, { kind: 'all' });
  if (dispute === null) throw disputeError('dispute.unknown');
  const lines = { versionId: dispute.versionId, lineNos: decisions.map(({ lineNo }) => lineNo), requestId };
  return deciding(deps, lines, (tx, recheck) => decide(tx, command, recheck));
}

/** A second doctor's decision. A verdict that falls is reversed by a new record, and the act gets a supplement. */
async function decide(tx: PoolClient, command: DecideDispute, recheck: () => Promise<void>): Promise<DisputeView> {
  const dispute = await lockDispute(tx, command.disputeId);
  if (dispute === null) throw disputeError('dispute.unknown');
  const lines = await disputeLines(tx, dispute.id);
  const wrong = checkDisputeDecisions(command.author, command.decisions);
  if (wrong !== null) throw disputeError(wrong.code, wrong.lineNo === null ? {} : { lineNo: wrong.lineNo });
  const asked = command.decisions.map((decision) => ({ decision, line: lineOf(lines, decision) }));
  if (asked.every(({ line }) => line.requestId === command.requestId)) return viewOf(dispute);
  for (const { decision, line } of asked) await decideLine(tx, command, decision, line);
  await setLineStates(
    tx,
    asked.map(({ line }) => line.lineId),
    'decided',
  );
  await recheck();
  if (await closeDispute(tx, dispute.id)) await issueSupplement(tx, dispute);
  return viewOf((await findDispute(tx, dispute.id, { kind: 'all' }))!);
}

async function decideLine(
  tx: PoolClient,
  command: { readonly author: CaseAuthor; readonly requestId: string; readonly disputeId: string },
  decision: DisputeDecision,
  line: DisputeLineRow,
): Promise<void> {
  if (line.state !== 'open') throw disputeError('dispute.decided', { lineNo: line.lineNo });
  const { author, requestId } = command;
  const doctor = { id: author.userId, name: author.fullName! };
  const replacement = replacementOf({ ...line, doctors: line.firstDoctors }, author, decision);
  let newVerdictId: number | null = null;
  let returnedKopecks = 0;
  if (replacement !== null) {
    const draft = verdictOf(line, replacement);
    if (isProblem(draft)) throw problemError(draft);
    const reversesId = await retireVerdict(tx, line.lineId);
    const by = { kind: 'doctor' as const, doctorId: doctor.id, doctorName: doctor.name, requestId, taskId: null };
    await insertVerdicts(tx, by, [{ ...draft, lineId: line.lineId, reversesId }]);
    newVerdictId = await activeVerdictId(tx, line.lineId);
    returnedKopecks = Math.min(draft.acceptedKopecks, insurerShareOf(line)) - line.acceptedKopecks;
  }
  const state = OUTCOME[decision.outcome];
  const note = decision.note.trim();
  const { lineId } = line;
  await decideDisputeLine(tx, command.disputeId, {
    lineId,
    state,
    doctor,
    note,
    returnedKopecks,
    newVerdictId,
    requestId,
  });
}

/** The invoice's own workflow issues the supplement, as after any reversal. */
async function issueSupplement(tx: PoolClient, { id, internalVersionId, versionId }: DisputeRow): Promise<void> {
  const changed = (await disputeLines(tx, id)).some((line) => line.state !== 'upheld');
  if (!changed) return;
  await setVersionStates(tx, [internalVersionId], 'decided');
  await enqueue(tx, [
    { topic: 'invoice-review', key: `${versionId}/dispute/${id}`, payload: { versionId, start: true } },
  ]);
}

function lineOf(lines: readonly DisputeLineRow[], { lineNo }: DisputeDecision): DisputeLineRow {
  const line = lines.find((each) => each.lineNo === lineNo);
  if (line === undefined) throw disputeError('dispute.unknown-line', { lineNo });
  return line;
}

function viewOf({ state, openLines, escalateAt, escalatedAt }: DisputeRow): DisputeView {
  return { state, openLines, escalateAt: escalatedAt === null ? escalateAt : null };
}

/** The database's own check of the second doctor, in the same words as ours. */
function translate(error: unknown): never {
  const { code, constraint } = error as { code?: string; constraint?: string };
  if (!isAppError(error) && code === '23514' && constraint === 'dispute_line_second_doctor_check') {
    throw disputeError('dispute.same-doctor');
  }
  throw error;
}
