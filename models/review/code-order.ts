/** Compares texts by Unicode code point (not by UTF-16 unit), as `formats.md` orders codes and SQL's COLLATE "C" does. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    // A surrogate stands for a code point above U+FFFF, so it sorts after every other unit.
    const xHigh = x >= 0xd800 && x <= 0xdfff;
    const yHigh = y >= 0xd800 && y <= 0xdfff;
    if (xHigh !== yHigh) return xHigh ? 1 : -1;
    return x - y;
  }
  return a.length - b.length;
}

/** Rank of each text in code-point order; equal texts share a rank. */
export function rankTexts(texts: readonly string[]): Int32Array {
  const order = texts.map((_, i) => i).sort((i, j) => compareCodePoints(texts[i]!, texts[j]!));
  const ranks = new Int32Array(texts.length);
  let rank = -1;
  let previous: string | null = null;
  for (const i of order) {
    const text = texts[i]!;
    if (text !== previous) rank += 1;
    previous = text;
    ranks[i] = rank;
  }
  return ranks;
}
