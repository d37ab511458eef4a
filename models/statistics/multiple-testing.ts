/**
 * q-values of the Benjamini-Hochberg procedure (JRSS B 57, 1995): rejecting all with q <= alpha keeps the expected
 * share of false alarms at or below alpha for independent or positively dependent tests. Order of input is kept.
 */
export function qValues(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[b]! - pValues[a]!);
  const q = Array.from({ length: pValues.length }, () => 1);
  let smallest = 1;
  order.forEach((index, place) => {
    const rank = pValues.length - place;
    smallest = Math.min(smallest, (pValues[index]! * pValues.length) / rank);
    q[index] = smallest;
  });
  return q;
}
