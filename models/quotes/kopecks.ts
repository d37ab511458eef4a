/** Roubles of the model as whole kopecks. */
export function toKopecks(roubles: number): number {
  return Math.round(roubles * 100);
}

/**
 * Rounds parts to whole kopecks so that they add up to the given whole: each is cut down, then the largest remainders
 * get the kopecks that are left. Parts that do not add up to the whole (float sums) share the difference the same way.
 */
export function roundToSum(parts: readonly number[], whole: number): number[] {
  const floors = parts.map((part) => Math.floor(part));
  let left = whole - floors.reduce((sum, part) => sum + part, 0);
  if (parts.length === 0) return [];
  const order = parts
    .map((part, index) => ({ index, rest: part - floors[index]! }))
    .sort((a, b) => b.rest - a.rest || a.index - b.index);
  const each = Math.floor(left / parts.length);
  for (let i = 0; i < floors.length; i++) floors[i]! += each;
  left -= each * parts.length;
  for (let i = 0; i < left; i++) floors[order[i]!.index]! += 1;
  return floors;
}

/** A share in basis points of whole kopecks, rounded half up. */
export function basisPoints(kopecks: number, points: number): number {
  return Math.round((kopecks * points) / 10_000);
}
