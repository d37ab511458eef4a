/** Hashed inputs: 2^15, small enough for one matrix row per topic, large enough for few collisions. */
export const FEATURE_BITS = 15;
export const FEATURES = 1 << FEATURE_BITS;

export interface CommentFeatures {
  /** Distinct hashed features, ascending. */
  readonly index: Int32Array;
  /** Weight of each, unit length as a vector. */
  readonly value: Float32Array;
}

/** A piece of text behind a feature: positions in the normalised text. */
export interface FeatureSpan {
  readonly feature: number;
  readonly from: number;
  readonly to: number;
}

/** Lower case, ё as е, digits as 0, anything else than letters and digits as one space; typos stay. */
export function normaliseComment(text: string): string {
  return text
    .toLowerCase()
    .replaceAll('ё', 'е')
    .replace(/\d+/g, (digits) => (digits.length > 2 ? '000' : Number(digits) < 10 ? '0' : '00'))
    .replace(/[^\p{L}0]+/gu, ' ')
    .trim();
}

/** FNV-1a over UTF-16 units, folded to FEATURE_BITS. */
function hashFeature(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h ^= h >>> 15;
  return (h >>> 0) & (FEATURES - 1);
}

const NEGATION = new Set(['не', 'ни', 'нет', 'без', 'никто', 'никаких', 'никакого', 'никакой', 'ничего']);

/**
 * Spans of a normalised comment: character 2-5-grams inside words (typos share most of them), words, word pairs, and
 * each word together with a negation one to three words before or after it, so that «не грубили» is another thing than
 * «грубили» however the words are spelt or separated.
 */
export function commentSpans(normal: string): FeatureSpan[] {
  const spans: FeatureSpan[] = [];
  const words: { text: string; from: number; to: number }[] = [];
  for (const match of normal.matchAll(/\S+/g)) {
    words.push({ text: match[0], from: match.index, to: match.index + match[0].length });
  }
  const negatedBefore: boolean[] = [];
  for (let w = 0; w < words.length; w++) {
    const near = [1, 2, 3].some((step) => w >= step && NEGATION.has(words[w - step]!.text));
    negatedBefore.push(near);
  }
  for (let w = 0; w < words.length; w++) {
    const { text, from, to } = words[w]!;
    const padded = `<${text}>`;
    const sign = negatedBefore[w] ? '!' : '';
    const add = (feature: string, a = from, b = to): void => {
      spans.push({ feature: hashFeature(feature), from: a, to: b });
    };
    for (let size = 2; size <= 5; size++) {
      for (let i = 0; i + size <= padded.length; i++) {
        const gram = padded.slice(i, i + size);
        add(`c${gram}`, from + Math.max(0, i - 1), Math.min(to, from + i - 1 + size));
        if (sign && size >= 3) add(`n${gram}`, words[Math.max(0, w - 1)]!.from, to);
      }
    }
    add(`w${text}`);
    add(`s${stem(text)}`);
    if (sign) add(`ns${stem(text)}`, words[Math.max(0, w - 1)]!.from, to);
    if (w > 0) add(`b${stem(words[w - 1]!.text)} ${stem(text)}`, words[w - 1]!.from, to);
  }
  return spans;
}

/** First letters of a word: a stem good enough for hashing. */
function stem(word: string): string {
  return word.length <= 4 ? word : word.slice(0, Math.max(4, Math.min(6, word.length - 2)));
}

/** Features with square-root counts at unit length, so that long comments do not outweigh short ones. */
export function commentFeatures(normal: string): CommentFeatures {
  const counts = new Map<number, number>();
  for (const { feature } of commentSpans(normal)) counts.set(feature, (counts.get(feature) ?? 0) + 1);
  const index = Int32Array.from(counts.keys()).sort();
  const value = Float32Array.from(index, (feature) => Math.sqrt(counts.get(feature)!));
  let norm = 0;
  for (const v of value) norm += v * v;
  const scale = norm > 0 ? 1 / Math.sqrt(norm) : 0;
  return { index, value: value.map((v) => v * scale) };
}
