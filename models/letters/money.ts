import { percentRate, shareOf } from '../review/money';

/**
 * The patient's share of a sum, half up to the kopeck: the engine's own arithmetic of LIMI-03, so that a promise and the
 * review of its invoice never differ by a kopeck.
 * @param amount kopecks
 * @param percent 0-100
 */
export function patientShareOf(amount: number, percent: number): number {
  const { numerator, denominator } = percentRate(percent);
  return shareOf(amount, numerator, denominator);
}
