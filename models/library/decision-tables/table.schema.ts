import { z } from 'zod';

const text = z.object({ ru: z.string().min(1), en: z.string().min(1) });
const factValue = z.union([z.string(), z.number(), z.boolean(), z.null()]);

/** Finding families that an expert rule may speak in: never those that a machine may refuse on. */
export const EXPERT_FAMILIES = ['FREQ', 'CLIN', 'COMB', 'PLAU', 'STAT'] as const;

/**
 * What a hit does. There is no effect that refuses, reduces or accepts: an expert rule can only send a line to a
 * doctor or raise its priority.
 */
export const EXPERT_EFFECTS = ['queue', 'raise-priority'] as const;

export const outcomeSchema = z.strictObject({
  effect: z.enum(EXPERT_EFFECTS),
  family: z.enum(EXPERT_FAMILIES),
  severity: z.enum(['high', 'medium', 'low']),
  text,
});

export const decisionTableSchema = z.strictObject({
  id: z.string().regex(/^[A-Z][A-Z0-9-]{2,39}$/),
  version: z.string().min(1),
  title: text,
  /** `first`: only the first row that fits; `collect`: all of them. */
  hit_policy: z.enum(['first', 'collect']),
  /** Which lines the table sees at all; an empty list does not limit. Prefixes for codes, exact values for the rest. */
  scope: z.strictObject({
    services: z.array(z.string().min(1)),
    diagnoses: z.array(z.string().min(1)),
    kinds: z.array(z.string().min(1)),
    clinics: z.array(z.string().min(1)),
  }),
  /** Field names of the catalogue: the columns of conditions. */
  inputs: z.array(z.string()).min(1).max(20),
  rows: z
    .array(
      z.strictObject({
        id: z.string().min(1),
        /** Field name -> condition in ZEN unary syntax; a missing or empty cell holds always. */
        when: z.record(z.string(), z.string()),
        outcome: outcomeSchema,
      }),
    )
    .min(1)
    .max(500),
  /** Test cases beside the rule: they must pass before it may be published. */
  tests: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        facts: z.record(z.string(), factValue),
        /** Ids of the rows that must hit, in order; empty when none may. */
        expect: z.array(z.string()),
      }),
    )
    .min(1),
});

export type DecisionTable = z.infer<typeof decisionTableSchema>;
export type ExpertOutcome = z.infer<typeof outcomeSchema>;
