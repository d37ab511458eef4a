import { z } from 'zod';
import { normaliseCode } from './codes';
import { parseMoney } from './numbers';

const identifier = z.string().trim().min(1).max(64);
const prefix = z.string().max(64).transform(normaliseCode);
/** An absent or null list is an empty one. */
const prefixes = z
  .array(prefix)
  .nullish()
  .transform((list) => list ?? []);
const PERCENT = /^\d{1,3}(\.\d{1,16})?$/;

/** Roubles of a JSON file, a number or a text, as kopecks. */
const roubles = z.union([z.number(), z.string()]).transform((value, context) => {
  const kopecks = parseMoney(String(value));
  if (!Number.isNaN(kopecks)) return kopecks;
  context.addIssue({ code: 'custom', message: 'roubles with at most two decimals expected' });
  return z.NEVER;
});

/**
 * One programme of `programmes.json`. Prefixes are codes of services and diagnoses, so they are normalised as those are.
 * `franchise_percent` stays a decimal text: it is exact there.
 */
export const programmeSchema = z.object({
  programme_code: identifier,
  contract_no: identifier,
  name: z.string().trim().min(1).max(1000),
  clinics: z.array(identifier).max(100_000),
  covered_kinds: z.array(identifier),
  excluded_services: prefixes,
  excluded_diagnoses: prefixes,
  waiting_days: z
    .number()
    .int()
    .min(0)
    .max(36_500)
    .nullish()
    .transform((days) => days ?? 0),
  franchise_percent: z
    .union([z.number(), z.string()])
    .nullish()
    .transform((percent) => String(percent ?? 0))
    .refine((text) => PERCENT.test(text) && Number(text) <= 100, 'percent from 0 to 100 expected'),
  annual_limit_rub: roubles.nullish().transform((limit) => limit ?? null),
  service_limits: z
    .array(z.object({ service: prefix, max_quantity: z.number().int().min(0).max(2_147_483_647) }))
    .nullish()
    .transform((limits) => limits ?? []),
  letter_required: prefixes,
});

export type ProgrammeRow = z.infer<typeof programmeSchema>;
