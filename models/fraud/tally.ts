import { hashTriple } from './group';

/** Sums by an integer key (a, b, c): a growing open-addressing table of typed columns, without an object a key. */
export interface Tally {
  readonly count: () => number;
  /** Number of the key, new keys get the next one; its sums start at zero. */
  readonly of: (a: number, b: number, c: number) => number;
  /** Adds to one sum of a key's number. */
  readonly add: (index: number, column: number, value: number) => void;
  readonly sum: (index: number, column: number) => number;
  /** One part of a key. */
  readonly key: (index: number, part: 0 | 1 | 2) => number;
}

/** A tally with `width` sums a key. */
export function createTally(width: number): Tally {
  let size = 1024;
  let table = new Int32Array(size).fill(-1);
  let keys = new Int32Array(3 * (size >> 1));
  let sums = new Float64Array(width * (size >> 1));
  let count = 0;
  const slotOf = (a: number, b: number, c: number): number => {
    for (let slot = hashTriple(a, b, c) & (size - 1); ; slot = (slot + 1) & (size - 1)) {
      const at = table[slot]!;
      if (at < 0 || (keys[3 * at] === a && keys[3 * at + 1] === b && keys[3 * at + 2] === c)) return slot;
    }
  };
  const grow = (): void => {
    size *= 2;
    table = new Int32Array(size).fill(-1);
    const wider = new Int32Array(3 * (size >> 1));
    wider.set(keys);
    keys = wider;
    const more = new Float64Array(width * (size >> 1));
    more.set(sums);
    sums = more;
    for (let i = 0; i < count; i++) table[slotOf(keys[3 * i]!, keys[3 * i + 1]!, keys[3 * i + 2]!)] = i;
  };
  return {
    count: () => count,
    of: (a, b, c) => {
      let slot = slotOf(a, b, c);
      if (table[slot]! >= 0) return table[slot]!;
      if (count === size >> 1) {
        grow();
        slot = slotOf(a, b, c);
      }
      keys[3 * count] = a;
      keys[3 * count + 1] = b;
      keys[3 * count + 2] = c;
      table[slot] = count;
      return count++;
    },
    add: (index, column, value) => {
      sums[index * width + column]! += value;
    },
    sum: (index, column) => sums[index * width + column]!,
    key: (index, part) => keys[3 * index + part]!,
  };
}
