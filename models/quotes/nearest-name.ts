/**
 * The known name that is nearest to a mistyped one (Damerau-Levenshtein, adjacent swaps count once), or null when none
 * is near enough to be meant: at most two edits, or a third of the length.
 */
export function nearestName(name: string, known: readonly string[]): string | null {
  const wanted = name.trim().toLowerCase();
  let best: string | null = null;
  let distance = Math.max(2, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const found = editDistance(wanted, candidate.toLowerCase(), distance);
    if (found < distance) {
      distance = found;
      best = candidate;
    }
  }
  return best;
}

/** Optimal string alignment distance; gives up with `limit` as soon as it cannot be smaller. */
function editDistance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      let value = Math.min(previous[j]! + 1, row[j - 1]! + 1, previous[j - 1]! + cost);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]) value = Math.min(value, before[j - 2]! + 1);
      row.push(value);
    }
    if (Math.min(...row) >= limit) return limit;
    before = previous;
    previous = row;
  }
  return previous[b.length]!;
}
