/**
 * The patient's share of a sum: amount x percent / 100, rounded half up to the kopeck (LIMI-03).
 * The percentage may have decimals, so the product is taken in whole hundred-millionths.
 * @param amount kopecks
 * @param percent 0-100
 */
export function patientShareOf(amount: number, percent: number): number {
  const scaled = BigInt(Math.round(percent * 1e8)) * BigInt(amount);
  return Number((scaled + 5_000_000_000n) / 10_000_000_000n);
}
