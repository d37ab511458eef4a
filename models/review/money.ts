import { AppError } from '../errors';

/** A percentage as an exact fraction: share = amount * numerator / denominator. */
export interface ExactRate {
  numerator: number;
  denominator: number;
}

/** The exact decimal value of a percentage as it is written (12.5, '7.125'), without binary rounding. */
export function percentRate(percent: number | string): ExactRate {
  const text = String(percent);
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  if (!match) {
    throw new AppError('BAD_PERCENT', {
      ru: `Процент франшизы «${text}» не читается: нужно десятичное число.`,
      en: `Franchise percent "${text}" cannot be read: expected a decimal number.`,
    });
  }
  const decimals = match[2] ?? '';
  return { numerator: Number(match[1] + decimals), denominator: 100 * 10 ** decimals.length };
}

/** amount (kopecks) x rate, rounded half up to the kopeck; exact for any amount (BigInt beyond 2^53). */
export function shareOf(amount: number, numerator: number, denominator: number): number {
  const product = amount * numerator;
  if (product < 4e15) {
    const doubled = 2 * product + denominator;
    return (doubled - (doubled % (2 * denominator))) / (2 * denominator);
  }
  const exact = 2n * BigInt(amount) * BigInt(numerator) + BigInt(denominator);
  return Number(exact / (2n * BigInt(denominator)));
}

/** The part `units` of `of` equal units of a sum in kopecks, half up; used for money at risk. */
export function partOf(amount: number, units: number, of: number): number {
  if (units >= of || of <= 0) return amount;
  return Math.floor((amount * units) / of + 0.5);
}
