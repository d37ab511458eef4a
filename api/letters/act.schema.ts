import { z } from 'zod';
import { code, isoDate, kopecks, text, uuid } from '../http/fields';

/** Bodies of the acts on a request. What they mean is judged by `models/letters/apply-act`. */

const quantity = () => z.int().min(1).max(1000);
const lineNo = () => z.int().min(1).max(50);

const lineDecision = z.discriminatedUnion('kind', [
  z.strictObject({ lineNo: lineNo(), kind: z.literal('approve') }),
  z.strictObject({
    lineNo: lineNo(),
    kind: z.literal('approve-part'),
    quantity: quantity(),
    amount: kopecks().nullable().default(null),
    periodFrom: isoDate().nullable().default(null),
    periodTo: isoDate().nullable().default(null),
    reasonCode: code(),
    clause: text(500),
  }),
  z.strictObject({
    lineNo: lineNo(),
    kind: z.literal('refuse'),
    ground: z.enum(['administrative', 'medical']),
    reasonCode: code(),
    clause: z.string().trim().max(500).default(''),
  }),
]);

export const decisionBody = z.strictObject({
  lines: z.array(lineDecision).min(1).max(50),
  note: text(4000).nullable().default(null),
});
export const questionBody = z.strictObject({ question: text(4000) });
export const documentsBody = z.strictObject({
  answer: text(4000),
  attachmentIds: z.array(uuid()).max(20).default([]),
});
export const amendBody = z.strictObject({
  reason: text(1000),
  lines: z
    .array(z.strictObject({ lineNo: lineNo(), quantity: quantity() }))
    .min(1)
    .max(50),
});
export const extendBody = z.strictObject({ validTo: isoDate() });
export const cancelBody = z.strictObject({ reason: text(1000), lineNos: z.array(lineNo()).max(50).default([]) });
export const appealBody = z.strictObject({ reason: text(4000), lineNos: z.array(lineNo()).min(1).max(50) });
