import { z } from 'zod';
import { URGENCIES } from './types';

/** One letter promises for a year at most. */
const MAX_PERIOD_DAYS = 366;
const isoDate = z.iso.date();
const text = (max: number) => z.string().trim().min(1).max(max);

/** One requested service. Codes are normalised later, with the importers' own rules. */
export const requestedLineSchema = z
  .strictObject({
    serviceCode: text(40),
    diagnosisCode: text(20),
    quantity: z.int().min(1).max(1000),
    periodFrom: isoDate,
    periodTo: isoDate,
    tooth: text(4).nullish(),
  })
  .refine((line) => line.periodTo >= line.periodFrom, { path: ['periodTo'], error: 'period-ends-before-it-starts' })
  .refine((line) => Date.parse(line.periodTo) - Date.parse(line.periodFrom) <= MAX_PERIOD_DAYS * 86_400_000, {
    path: ['periodTo'],
    error: 'period-longer-than-a-year',
  });

/** A request for prior authorisation as it comes in, whoever sends it. */
export const letterRequestSchema = z.strictObject({
  policyNo: text(60),
  clinicCode: text(60),
  urgency: z.enum(URGENCIES).default('standard'),
  /** The sender's own reference: the same reference is the same request. */
  senderRef: text(100).nullish(),
  lines: z.array(requestedLineSchema).min(1).max(50),
  /** Kinds of documents that are sent with the request or follow at once. */
  documents: z.array(text(60)).max(20).default([]),
});

export type RequestedLine = z.output<typeof requestedLineSchema>;
export type LetterRequestInput = z.output<typeof letterRequestSchema>;
