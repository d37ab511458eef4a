import { z } from 'zod';
import { URGENCIES, LETTER_STATES } from '../../models/letters/types';

/** Shapes of the letters' answers. Money in kopecks, instants ISO, dates 'YYYY-MM-DD'. */

const localized = z.object({ ru: z.string(), en: z.string() });
const outcome = z.enum(['pended', 'approved', 'partial', 'refused', 'cancelled', 'expired']);
const pendedFor = z.enum(['documents', 'expert']);

export const letterListItem = z
  .object({
    id: z.string(),
    number: z.string().nullable(),
    clinicCode: z.string(),
    hub: z.string(),
    urgency: z.enum(URGENCIES),
    state: z.enum(LETTER_STATES),
    pendedFor: pendedFor.nullable(),
    skill: z.string().nullable(),
    submittedAt: z.string(),
    dueAt: z.string().nullable(),
    escalatedAt: z.string().nullable(),
    overdue: z.boolean(),
    holderName: z.string().nullable(),
    leaseUntil: z.string().nullable(),
    requestedKopecks: z.int(),
    approvedKopecks: z.int(),
    lineCount: z.int(),
    revision: z.int(),
  })
  .meta({ id: 'LetterListItem' });

const finding = z.object({
  code: z.string(),
  text: localized,
  guidelineId: z.string().nullable(),
  clause: z.string().nullable(),
  values: z.record(z.string(), z.unknown()),
});

const line = z.object({
  lineNo: z.int(),
  letterNo: z.string().nullable(),
  serviceCode: z.string(),
  serviceName: z.string().nullable(),
  diagnosisCode: z.string(),
  quantity: z.int(),
  periodFrom: z.string(),
  periodTo: z.string(),
  tooth: z.string().nullable(),
  unitPriceKopecks: z.int().nullable(),
  outcome,
  approvedQuantity: z.int(),
  approvedKopecks: z.int(),
  approvedFrom: z.string().nullable(),
  approvedTo: z.string().nullable(),
  usedQuantity: z.int(),
  usedKopecks: z.int(),
  leftQuantity: z.int(),
  leftKopecks: z.int(),
  ground: z.string().nullable(),
  reasonCode: z.string().nullable(),
  clause: z.string().nullable(),
  doctorName: z.string().nullable(),
  findings: z.array(finding),
});

export const letterDetail = letterListItem
  .extend({
    policyNo: z.string(),
    senderRef: z.string().nullable(),
    checkCode: z.string(),
    validTo: z.string().nullable(),
    finalAt: z.string().nullable(),
    proposedBy: z.string().nullable(),
    proposal: z.unknown(),
    awaitsLead: z.boolean(),
    trustedLane: z.boolean(),
    lines: z.array(line),
    thread: z.array(
      z.object({
        kind: z.string(),
        actorRole: z.string(),
        actorName: z.string().nullable(),
        at: z.string(),
        body: z.unknown(),
      }),
    ),
    attachments: z.array(z.object({ id: z.string(), kind: z.string(), fileName: z.string(), addedAt: z.string() })),
  })
  .meta({ id: 'Letter' });

/** An invoice line that cites the letter, and what it takes of it. */
export const letterUse = z
  .object({
    lineNo: z.int(),
    versionId: z.string(),
    invoiceNo: z.string(),
    invoiceLineNo: z.int(),
    serviceDate: z.string(),
    quantity: z.int(),
    takenQuantity: z.int(),
    takenKopecks: z.int(),
    verdict: z.enum(['accept', 'reduce', 'refuse']).nullable(),
    beyond: z.boolean(),
  })
  .meta({ id: 'LetterUse' });

/** The short answer of a submission or an act: where the request stands, per line. */
export const letterAnswer = z
  .object({
    id: z.string(),
    number: z.string().nullable(),
    state: z.enum(LETTER_STATES),
    pendedFor: pendedFor.nullable(),
    dueAt: z.string().nullable(),
    validTo: z.string().nullable(),
    awaitsSecondDoctor: z.boolean(),
    lines: z.array(
      z.object({
        lineNo: z.int(),
        outcome,
        approvedQuantity: z.int(),
        approvedKopecks: z.int(),
        approvedFrom: z.string().nullable(),
        approvedTo: z.string().nullable(),
        reasonCode: z.string().nullable(),
        ground: z.string().nullable(),
        clause: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'LetterAnswer' });

export const coverageCheckAnswer = z
  .object({
    lines: z.array(
      z.object({
        lineNo: z.int(),
        covered: z.enum(['yes', 'no', 'expert']),
        reasons: z.array(z.object({ code: z.string(), text: localized })),
        letterRequired: z.boolean(),
        documents: z.array(z.object({ kind: z.string(), name: localized })),
        limits: z.array(
          z.object({
            key: z.string(),
            yearStart: z.string(),
            unit: z.enum(['units', 'kopecks']),
            cap: z.int(),
            left: z.int(),
          }),
        ),
        franchisePercent: z.number(),
        unitPrice: z.int().nullable(),
        patientShare: z.int().nullable(),
        insurerShare: z.int().nullable(),
      }),
    ),
  })
  .meta({ id: 'CoverageCheckAnswer' });
