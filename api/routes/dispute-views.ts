import { z } from 'zod';
import { int32, uuid } from '../http/fields';

const money = z.int();

export const disputeView = z
  .object({
    disputeId: uuid(),
    versionId: uuid(),
    actId: uuid(),
    actNumber: z.string(),
    clinicCode: z.string(),
    invoiceNo: z.string(),
    state: z.enum(['open', 'decided']),
    filedAt: z.string(),
    deadline: z.string(),
    escalatedAt: z.string().nullable(),
    decidedAt: z.string().nullable(),
    lineCount: int32(),
    openLines: int32(),
    cutKopecks: money,
    returnedKopecks: money,
  })
  .meta({ id: 'Dispute' });

export const documentView = z.object({
  documentId: uuid(),
  fileName: z.string(),
  mediaType: z.string(),
  uploadedAt: z.string(),
});

export const disputeDetail = disputeView.extend({
  lines: z.array(
    z.object({
      lineNo: int32(),
      itemName: z.string(),
      billedKopecks: money,
      reasonCode: z.string().nullable(),
      clause: z.string().nullable(),
      acceptedKopecks: money,
      cutKopecks: money,
      claim: z.string(),
      state: z.enum(['open', 'upheld', 'overturned', 'partly']),
      decidedByName: z.string().nullable(),
      decidedAt: z.string().nullable(),
      note: z.string().nullable(),
      returnedKopecks: money,
    }),
  ),
  documents: z.array(documentView),
});
