import { z } from 'zod';

/** Where an entry comes from: nothing pretends to be official that is not (docs/library.md). */
export const PROVENANCES = ['source', 'default-awaiting-review', 'reviewed'] as const;
export type Provenance = (typeof PROVENANCES)[number];

const isoDate = z.string().regex(/^\d{4}-\d{2}-\d{2}$/);
const prefix = z.string().min(1);
const age = z.number().int().min(0).max(150).nullable();
const days = z.number().int().min(0).max(3660);

const provenance = {
  provenance: z.enum(PROVENANCES).optional(),
  provenance_note: z.string().optional(),
  /** Fields that follow the named source; the others of the entry are defaults or the insurer's own. */
  sourced_fields: z.array(z.string()).optional(),
};

export const guidelineSchema = z.object({
  id: z.string().min(1),
  title: z.string().min(1),
  source: z.string().min(1),
  clause: z.string(),
  valid_from: isoDate,
  valid_to: isoDate.nullable(),
  diagnoses: z.array(prefix).min(1),
  age_from: age,
  age_to: age,
  services: z.array(
    z.object({
      service: prefix,
      frequency: z.number().min(0).max(1),
      multiplicity: z.number().positive(),
      max_per_episode: z.number().int().min(1).nullable(),
      min_interval_days: days.nullable(),
      clause: z.string(),
      ...provenance,
    }),
  ),
  contraindicated: z.array(z.object({ service: prefix, clause: z.string(), ...provenance })),
  ...provenance,
});

export const pairSchema = z.object({
  id: z.string().min(1),
  kind: z.enum(['bundled', 'exclusive', 'requires']),
  service: prefix,
  with: prefix,
  window_days: days,
  source: z.string().min(1),
  clause: z.string(),
  ...provenance,
});

export const demographicSchema = z.object({
  id: z.string().min(1),
  target: z.enum(['service', 'diagnosis']),
  prefix,
  sex: z.enum(['M', 'F']).nullable(),
  age_from: age,
  age_to: age,
  source: z.string().min(1),
  clause: z.string(),
  ...provenance,
});

/** A guideline pack of the exchange format; every entry may carry its provenance. */
export const packSchema = z.object({
  pack: z.string().min(1),
  version: z.string().min(1),
  guidelines: z.array(guidelineSchema),
  pairs: z.array(pairSchema),
  demographics: z.array(demographicSchema),
  visits: z.object({
    primary_suffix: z.string().min(1),
    repeat_suffix: z.string().min(1),
    primary_window_days: days,
  }),
  day: z.object({ max_doctor_minutes: z.number().int().min(1).max(1440) }),
});

export type PackDocument = z.infer<typeof packSchema>;
export type GuidelineEntry = z.infer<typeof guidelineSchema>;
export type PairEntry = z.infer<typeof pairSchema>;
export type DemographicEntry = z.infer<typeof demographicSchema>;
