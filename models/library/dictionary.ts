/** Codes with names, sorted by code: what prefixes of a pack must match. */
export interface CodeList {
  readonly codes: readonly string[];
  readonly names: ReadonlyMap<string, string>;
}

export interface CodeDictionary {
  readonly services: CodeList;
  readonly diagnoses: CodeList;
}

export function codeList(rows: Iterable<{ readonly code: string; readonly name: string }>): CodeList {
  const names = new Map<string, string>();
  for (const { code, name } of rows) names.set(code, name);
  return { codes: [...names.keys()].sort(), names };
}

/** First code that starts with the prefix, or null. */
export function firstMatch({ codes }: CodeList, prefix: string): string | null {
  let [low, high] = [0, codes.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (codes[middle]! < prefix) low = middle + 1;
    else high = middle;
  }
  const found = codes[low];
  return found?.startsWith(prefix) ? found : null;
}

/** How a prefix is named to people: the name of the code itself, else of the group under it with an ellipsis. */
export function nameOfPrefix(list: CodeList, prefix: string): string {
  const exact = list.names.get(prefix);
  if (exact !== undefined) return exact;
  const first = firstMatch(list, prefix);
  return first === null ? prefix : `${list.names.get(first)}…`;
}

/** Up to `limit` codes that a mistyped one may have meant: least edits first, then by code. */
export function nearestCodes(list: CodeList, wrong: string, limit = 3): string[] {
  const written = wrong.toUpperCase();
  const candidates: { code: string; edits: number }[] = [];
  for (const code of list.codes) {
    if (Math.abs(code.length - written.length) > 3) continue;
    const edits = editDistance(code, written, 3);
    if (edits <= 3) candidates.push({ code, edits });
  }
  candidates.sort((a, b) => a.edits - b.edits || (a.code < b.code ? -1 : 1));
  return candidates.slice(0, limit).map(({ code }) => code);
}

/** Levenshtein distance, cut off above `most` (any larger number may come back). */
function editDistance(a: string, b: string, most: number): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i += 1) {
    const current = [i];
    let best = i;
    for (let j = 1; j <= b.length; j += 1) {
      const cost = a[i - 1] === b[j - 1] ? 0 : 1;
      const value = Math.min(previous[j]! + 1, current[j - 1]! + 1, previous[j - 1]! + cost);
      current.push(value);
      if (value < best) best = value;
    }
    if (best > most) return best;
    previous = current;
  }
  return previous[b.length]!;
}
