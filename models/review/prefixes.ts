import { compareCodePoints } from './code-order';

/** Codes in sorted order, so that all codes with a prefix are one range. */
export interface CodeIndex {
  sorted: string[];
  /** Position in the caller's array of each sorted code. */
  position: Int32Array;
}

export function indexCodes(codes: readonly string[]): CodeIndex {
  const order = codes.map((_, i) => i).sort((a, b) => compareCodePoints(codes[a]!, codes[b]!) || a - b);
  return { sorted: order.map((i) => codes[i]!), position: Int32Array.from(order) };
}

/** Positions of all codes that start with `prefix`; the empty prefix matches every code. */
export function codesWithPrefix(index: CodeIndex, prefix: string): Int32Array {
  const { sorted } = index;
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareCodePoints(sorted[middle]!, prefix) < 0) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < sorted.length && sorted[end]!.startsWith(prefix)) end += 1;
  return index.position.subarray(low, end);
}

/** A set of (row, column) pairs as bits. */
export interface BitMatrix {
  columns: number;
  words: Int32Array;
}

export function createBits(rows: number, columns: number): BitMatrix {
  return { columns, words: new Int32Array(Math.ceil((rows * columns) / 32) + 1) };
}

export function setBit(bits: BitMatrix, row: number, column: number): void {
  const at = row * bits.columns + column;
  bits.words[at >>> 5]! |= 1 << (at & 31);
}

export function hasBit(bits: BitMatrix, row: number, column: number): boolean {
  const at = row * bits.columns + column;
  return ((bits.words[at >>> 5]! >>> (at & 31)) & 1) === 1;
}

/** Bits of every code that starts with one of the prefixes of each row. */
export function prefixBits(index: CodeIndex, prefixesByRow: readonly (readonly string[])[]): BitMatrix {
  const bits = createBits(prefixesByRow.length, index.sorted.length);
  prefixesByRow.forEach((prefixes, row) => {
    for (const prefix of prefixes) for (const code of codesWithPrefix(index, prefix)) setBit(bits, row, code);
  });
  return bits;
}

/** Lists of small integers per key, flattened: the list of key k is items[start[k]] .. items[start[k + 1] - 1]. */
export interface Lists {
  start: Int32Array;
  items: Int32Array;
}

export function flattenLists(lists: readonly (readonly number[] | undefined)[], keys: number): Lists {
  const start = new Int32Array(keys + 1);
  for (let key = 0; key < keys; key += 1) start[key + 1] = start[key]! + (lists[key]?.length ?? 0);
  const items = new Int32Array(start[keys]!);
  for (let key = 0; key < keys; key += 1) items.set(lists[key] ?? [], start[key]!);
  return { start, items };
}
