/** A seeded source of chance (mulberry32), so that every generated world can be made again. */
export interface Chance {
  /** Integer from low to high, both included. */
  int: (low: number, high: number) => number;
  pick: <T>(items: readonly T[]) => T;
  /** True with probability p. */
  hit: (p: number) => boolean;
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  const int = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  return { int, pick: (items) => items[int(0, items.length - 1)]!, hit: (p) => next() < p };
}
