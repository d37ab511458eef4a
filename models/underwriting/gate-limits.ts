import { z } from 'zod';
import { AppError } from '../errors';
import type { GateLimits } from './gate';
import { GATE_LIMITS } from './gate';

/** Limits of the gate as an installation or a request gives them; what is left out stays as it is. */
export const gateLimitsSchema = z.strictObject({
  deviance: z.number().min(0).max(1).optional(),
  total: z.number().min(0).max(1).optional(),
  segment: z.number().min(0).max(1).optional(),
  influence: z.number().min(-1).max(1).optional(),
  inputs: z.number().min(0).max(100).optional(),
});
export type AskedLimits = z.output<typeof gateLimitsSchema>;

const NAMES = ['deviance', 'total', 'segment', 'influence', 'inputs'] as const;

/** The limits that stand in an installation: the product's own where it sets none. */
export function standingLimits(own: AskedLimits = {}): GateLimits {
  return { ...GATE_LIMITS, ...own };
}

/** The stricter of the limits asked for and those that stand. */
export function stricterLimits(asked: AskedLimits, standing: GateLimits): GateLimits {
  const entries = NAMES.map((name) => [name, isLooser(name, asked[name], standing) ? standing[name] : asked[name]]);
  return { ...standing, ...Object.fromEntries(entries.filter(([, limit]) => limit !== undefined)) };
}

/**
 * One person may ask for a stricter gate, never for a wider one: what passes it two others release.
 *
 * @param path - where the limits stand in the request
 * @throws AppError gate-limits-looser naming each limit, what was asked and what stands
 */
export function refuseLooserLimits(asked: AskedLimits, standing: GateLimits, path: string): void {
  const errors = NAMES.filter((name) => isLooser(name, asked[name], standing)).map((name) => ({
    path: `${path}.${name}`,
    rule: 'gate-limit',
    message: {
      ru: `${name}: запрошено ${asked[name]}, действует ${standing[name]}`,
      en: `${name}: ${asked[name]} is asked for, ${standing[name]} stands`,
    },
    fix: {
      ru: `Укажите значение не ${name === 'influence' ? 'ниже' : 'выше'} ${standing[name]} или уберите его`,
      en: `Give a value not ${name === 'influence' ? 'below' : 'above'} ${standing[name]}, or leave it out`,
    },
  }));
  if (errors.length === 0) return;
  throw new AppError(
    'gate-limits-looser',
    {
      ru: `Ослабить проверку модели нельзя: ${errors.map(({ message }) => message.ru).join('; ')}`,
      en: `The gate cannot be widened: ${errors.map(({ message }) => message.en).join('; ')}`,
    },
    { httpStatus: 422, details: { errors } },
  );
}

/** Agreement of influences has a lower limit, everything else an upper one. */
function isLooser(name: keyof GateLimits, asked: number | undefined, standing: GateLimits): boolean {
  if (asked === undefined) return false;
  return name === 'influence' ? asked < standing[name] : asked > standing[name];
}
