import { escalationAt, startDeadline } from '../../models/calendar';
import { insurerShareOf } from '../../models/review-case/money';
import type { QueuedLine } from '../../models/review-case/tasks';
import { groundOf } from '../../models/routing/families';
import type { RoutingPolicy } from '../../models/routing/policy';
import { routeLine } from '../../models/routing/route-line';
import type { RoutableFinding } from '../../models/routing/route-line';
import type { Queryable } from '../../prisma/pool';
import { findingsOfLines } from '../../prisma/repositories/findings';
import type { LineFinding } from '../../prisma/repositories/findings';
import { acceptCleanLines, flaggedLines, setLineStates } from '../../prisma/repositories/route-lines';
import type { FlaggedLine, RouteTarget } from '../../prisma/repositories/route-lines';
import type { TaskClock } from '../../prisma/repositories/task-write';
import { insertVerdicts } from '../../prisma/repositories/verdicts';
import type { LineVerdict } from '../../prisma/repositories/verdicts';

export interface RouteAuthor {
  readonly batchId: string;
  readonly ruleSetVersion: string;
  readonly policy: RoutingPolicy;
}

export interface RouteCounts {
  readonly accepted: number;
  readonly decided: number;
  readonly queued: readonly QueuedLine[];
}

/**
 * Decides what a machine may decide: clean lines are accepted in one statement, flagged ones go through the routing
 * policy, and what the policy leaves open is queued. In the caller's transaction.
 */
export async function routeLines(tx: Queryable, target: RouteTarget, author: RouteAuthor): Promise<RouteCounts> {
  const flagged = await flaggedLines(tx, target);
  const accepted = await acceptCleanLines(tx, target, author);
  const findings = await findingsOfLines(
    tx,
    flagged.map((line) => line.lineId),
  );
  const verdicts: LineVerdict[] = [];
  const queued: QueuedLine[] = [];
  for (const line of flagged) {
    const own = findings.get(line.lineId) ?? [];
    const route = routeLine(author.policy, { ...line, findings: own.map(routable) });
    if (route.kind === 'queue') queued.push(queuedLine(line, own));
    else verdicts.push(verdictOf(line.lineId, route));
  }
  await insertVerdicts(tx, { kind: 'rule', ruleSetVersion: author.ruleSetVersion, batchId: author.batchId }, verdicts);
  await setLineStates(
    tx,
    verdicts.map((verdict) => verdict.lineId),
    'decided',
  );
  await setLineStates(
    tx,
    queued.map((line) => line.lineId),
    'queued',
  );
  return { accepted, decided: verdicts.length, queued };
}

/** How many business days before the end the lead expert is told. */
export const ESCALATION_LEAD_DAYS = 2;

/** The clock of a task: starts when the invoice was received, computed once from here on. */
export function taskClock(receivedAt: string, termDays: number): TaskClock & { readonly calendarVersion: string } {
  const clock = startDeadline(receivedAt, { unit: 'business-days', amount: termDays });
  return {
    clock,
    deadline: clock.dueAt!,
    escalateAt: escalationAt(clock, Math.min(ESCALATION_LEAD_DAYS, Math.max(0, termDays - 1))),
    calendarVersion: clock.calendarVersion,
  };
}

function routable(finding: LineFinding): RoutableFinding {
  const price = finding.code === 'PRIC-02' ? finding.evidence.priceKopecks : null;
  return {
    code: finding.code,
    atRiskKopecks: finding.atRiskKopecks,
    clause: finding.clause,
    contractPriceKopecks: typeof price === 'number' ? price : null,
  };
}

function queuedLine(line: FlaggedLine, findings: readonly LineFinding[]): QueuedLine {
  return {
    lineId: line.lineId,
    versionId: line.versionId,
    policyId: line.policyId,
    hubId: line.hubId,
    termDays: line.termDays,
    findings,
    askedKopecks: insurerShareOf(line),
  };
}

function verdictOf(lineId: number, route: Exclude<ReturnType<typeof routeLine>, { kind: 'queue' }>): LineVerdict {
  const cut = route.kind === 'accept' ? null : route;
  return {
    ...route.money,
    lineId,
    kind: route.kind,
    ground: cut ? groundOf(cut.reasonCode) : null,
    reasonCode: cut?.reasonCode ?? null,
    clause: cut?.clause ?? null,
    noteToClinic: null,
    internalNote: null,
    reversesId: null,
  };
}
