import { z } from 'zod';
import { SCHEMES } from '../../models/fraud/types';
import { LINE_RESULTS, OUTCOMES } from '../../models/investigation/record';
import { uuid } from '../http/fields';

const words = z.object({ ru: z.string(), en: z.string() });

export const signalView = z
  .object({
    signalId: uuid(),
    rank: z.int(),
    clinicCode: z.string(),
    clinicName: z.string(),
    doctorCode: z.string().nullable(),
    scheme: z.enum(SCHEMES),
    score: z.number(),
    expectedKopecks: z.number(),
    decision: z.enum(['open', 'watch']),
    seenElsewhere: z.number(),
    parts: z.array(
      z.object({
        scheme: z.enum(SCHEMES),
        posterior: z.number(),
        share: z.number().nullable(),
        expected: z.number(),
        facts: z.record(z.string(), z.number()),
      }),
    ),
    text: words,
    caseId: uuid().nullable(),
  })
  .meta({ id: 'FraudSignal' });

export const caseRow = z
  .object({
    caseId: uuid(),
    number: z.string(),
    state: z.string(),
    scheme: z.string(),
    clinicCode: z.string(),
    clinicName: z.string(),
    doctorCode: z.string().nullable(),
    openedBy: z.string(),
    reason: z.string(),
    score: z.number().nullable(),
    expectedKopecks: z.number().nullable(),
    holdDueAt: z.string().nullable(),
    outcome: z.string().nullable(),
    recoveryKopecks: z.number(),
    openedAt: z.string(),
    closedAt: z.string().nullable(),
    revision: z.int(),
  })
  .meta({ id: 'FraudCase' });

const person = z.object({ id: z.string(), name: z.string().nullable(), role: z.string() });
const record = z
  .object({
    caseId: uuid(),
    scheme: z.enum(SCHEMES),
    state: z.enum(['open', 'proposed', 'closed']),
    lines: z.array(z.object({ lineId: z.number(), payableKopecks: z.number(), posterior: z.number().nullable() })),
    tasks: z.array(
      z.object({
        taskId: z.string(),
        text: z.string(),
        createdAt: z.string(),
        doneAt: z.string().nullable(),
        result: z.string().nullable(),
      }),
    ),
    letters: z.array(
      z.object({
        letterId: z.string(),
        subject: z.string(),
        text: z.string(),
        sentAt: z.string(),
        answerDueAt: z.string(),
        overdue: z.boolean(),
        answeredAt: z.string().nullable(),
        answerText: z.string().nullable(),
      }),
    ),
    hold: z
      .object({
        lineIds: z.array(z.number()),
        placedAt: z.string(),
        dueAt: z.string(),
        calendarVersion: z.string(),
        releasedAt: z.string().nullable(),
        released: z.enum(['deadline', 'decision', 'closed']).nullable(),
      })
      .nullable(),
    proposal: z
      .object({
        outcome: z.enum(OUTCOMES),
        reason: z.string(),
        by: person,
        at: z.string(),
        lines: z.array(z.object({ lineId: z.number(), result: z.enum(LINE_RESULTS), recoverKopecks: z.number() })),
      })
      .nullable(),
    outcome: z.enum(OUTCOMES).nullable(),
    confirmedBy: person.nullable(),
    recoveryKopecks: z.number(),
    closedAt: z.string().nullable(),
  })
  .meta({ id: 'FraudCaseRecord' });

/** The record after an act, with the instants that the case sleeps to. */
export const clockView = z
  .object({ record, holdDueAt: z.string().nullable(), letterDueAt: z.string().nullable() })
  .meta({ id: 'FraudCaseState' });

const count = z.object({ question: z.string(), answer: z.string(), count: z.int() });
const pack = z
  .object({
    gatheredAt: z.string(),
    signal: z.object({ score: z.number(), expectedKopecks: z.number(), text: words }).nullable(),
    lines: z.array(
      z.object({
        lineId: z.number(),
        invoiceNo: z.string(),
        lineNo: z.int(),
        serviceDate: z.string(),
        serviceName: z.string(),
        payableKopecks: z.number(),
        posterior: z.number().nullable(),
        findingCodes: z.array(z.string()),
        patientSaid: z.string().nullable(),
        onVisit: z.string().nullable(),
        paymentState: z.string().nullable(),
      }),
    ),
    answers: z.array(count),
    peers: z.array(
      z.object({
        measure: z.string(),
        own: z.number().nullable(),
        p25: z.number().nullable(),
        median: z.number().nullable(),
        p75: z.number().nullable(),
        peers: z.int(),
      }),
    ),
    comments: z.array(
      z.object({
        visitDate: z.string(),
        text: z.string(),
        topics: z.array(z.string()),
        phrases: z.array(z.string()),
      }),
    ),
    timeline: z.array(z.object({ month: z.string(), lines: z.int(), payableKopecks: z.number(), denied: z.int() })),
    network: z.array(
      z.object({ clinicCode: z.string(), doctorCode: z.string(), sharedPatients: z.int(), ofPatients: z.int() }),
    ),
  })
  .meta({ id: 'FraudEvidence' });

export const caseDetail = caseRow
  .extend({
    record: record.nullable(),
    pack: pack.nullable(),
    events: z.array(
      z.object({
        kind: z.string(),
        actorRole: z.string(),
        actorId: z.string().nullable(),
        actorName: z.string().nullable(),
        at: z.string(),
        body: z.record(z.string(), z.unknown()),
      }),
    ),
  })
  .meta({ id: 'FraudCaseDetail' });
