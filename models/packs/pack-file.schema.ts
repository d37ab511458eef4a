import { z } from 'zod';
import type { PackFile } from '../review/from-files';

const text = z.string();
const date = z.iso.date();
const count = z.number().int().nullish();
const prefixes = z.array(text);

/** `guidelines.json` of the exchange format: what the engine reads must be there and of its type; more is allowed. */
const packFile = z.looseObject({
  pack: text.min(1),
  version: text.min(1),
  guidelines: z.array(
    z.looseObject({
      id: text,
      title: text,
      source: text,
      clause: text,
      valid_from: date,
      valid_to: date.nullish(),
      diagnoses: prefixes,
      age_from: count,
      age_to: count,
      services: z.array(
        z.looseObject({
          service: text,
          frequency: z.number(),
          multiplicity: z.number(),
          max_per_episode: z.number().nullish(),
          min_interval_days: z.number().nullish(),
          clause: text,
        }),
      ),
      contraindicated: z.array(z.looseObject({ service: text, clause: text })),
    }),
  ),
  pairs: z.array(
    z.looseObject({
      id: text,
      kind: z.enum(['bundled', 'exclusive', 'requires']),
      service: text,
      with: text,
      window_days: z.number().int(),
      source: text,
      clause: text,
    }),
  ),
  demographics: z.array(
    z.looseObject({
      id: text,
      target: z.enum(['service', 'diagnosis']),
      prefix: text,
      sex: z.enum(['M', 'F']).nullish(),
      age_from: count,
      age_to: count,
      source: text,
      clause: text,
    }),
  ),
  visits: z.looseObject({ primary_suffix: text, repeat_suffix: text, primary_window_days: z.number().int() }).nullish(),
  day: z.looseObject({ max_doctor_minutes: z.number().int() }).nullish(),
});

/** Parses a pack, or says at which path it is not one. */
export function parsePackFile(input: unknown): { readonly pack: PackFile } | { readonly problem: string } {
  const parsed = packFile.safeParse(input);
  // Checked against the same shape; zod's loose objects only widen it.
  if (parsed.success) return { pack: parsed.data as unknown as PackFile };
  const issue = parsed.error.issues[0]!;
  return { problem: `${issue.path.join('.') || '(root)'}: ${issue.message}` };
}
