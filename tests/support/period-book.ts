import { createRandom, normal } from '../../models/underwriting/random';

export const PERIOD_CATALOGUE = 'code,kind,monotone\nage,number,\nplan,category,+\n';

/**
 * A book of policies over periods, each policy with a lasting level of its own; no entity and no price level.
 *
 * @param periods - how each period is written
 */
export function periodCsv(
  periods: readonly string[],
  { policies = 40, seed = 3, from = 0 }: { policies?: number; seed?: number; from?: number } = {},
): string {
  const random = createRandom(seed);
  const lines = ['policy;when;age;plan;expo;paid'];
  for (let p = 0; p < policies; p++) {
    const level = Math.exp(0.5 * normal(random));
    const age = Math.round(20 + 40 * random());
    const plan = random() < 0.5 ? 'A' : 'B';
    periods.forEach((period, t) => {
      const paid = 900 * level * (age / 40) * (plan === 'B' ? 1.5 : 1) * Math.exp(0.2 * normal(random));
      if (t >= from) lines.push([`P${p}`, period, age, plan, 1, paid.toFixed(2)].join(';'));
    });
  }
  return `${lines.join('\n')}\n`;
}
