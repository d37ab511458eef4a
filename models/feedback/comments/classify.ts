import { commentFeatures, commentSpans, normaliseComment } from './features';
import { COMMENT_TOPICS, COMPLAINTS, type CommentTopic } from './topics';

/** Weights of the comment model: topics x hashed features, 8 bits each with one scale per topic. */
export interface CommentModel {
  readonly version: string;
  readonly features: number;
  readonly weights: Int8Array;
  readonly scale: Float64Array;
  readonly bias: Float64Array;
  /** Platt calibration by topic: p = sigmoid(slope * logit + offset). */
  readonly slope: Float64Array;
  readonly offset: Float64Array;
}

export interface CommentReading {
  /** Calibrated probability of each topic, in the order of COMMENT_TOPICS. */
  readonly probability: Float64Array;
  /** Topics at even odds or above, most probable first. */
  readonly topics: readonly CommentTopic[];
  readonly complaint: boolean;
  /** Phrases of the normalised comment that spoke most for each topic found. */
  readonly phrases: readonly { topic: CommentTopic; phrase: string; weight: number }[];
}

/** Calibrated probabilities of the topics. Plain loops over typed arrays: no tfjs at inference, a few microseconds. */
export function topicProbabilities(model: CommentModel, text: string): Float64Array {
  const { index, value } = commentFeatures(normaliseComment(text));
  return COMMENT_TOPICS.reduce((out, _topic, t) => {
    let sum = 0;
    for (let i = 0; i < index.length; i++) sum += model.weights[t * model.features + index[i]!]! * value[i]!;
    const logit = sum * model.scale[t]! + model.bias[t]!;
    out[t] = index.length === 0 ? 0 : 1 / (1 + Math.exp(-(model.slope[t]! * logit + model.offset[t]!)));
    return out;
  }, new Float64Array(COMMENT_TOPICS.length));
}

/** Reads one comment: topics, whether it complains, and the phrases that mattered. */
export function readComment(model: CommentModel, text: string): CommentReading {
  const probability = topicProbabilities(model, text);
  const ranked = COMMENT_TOPICS.map((topic, t) => ({ topic, t, p: probability[t]! })).sort((a, b) => b.p - a.p);
  const certain = ranked.filter(({ p }) => p >= 0.5);
  // A text that says nothing known is a remark, unless a complaint is the likeliest reading of all.
  const found = certain.length > 0 ? certain : ranked.slice(0, 1).filter(({ p }) => p >= 0.3);
  const normal = normaliseComment(text);
  return {
    probability,
    topics: found.map(({ topic }) => topic),
    complaint: found.some(({ t }) => t < COMPLAINTS),
    phrases: found.flatMap(({ topic, t }) => strongestPhrases(model, normal, topic, t)),
  };
}

/** The (up to two) stretches of one to three words whose features add most to the topic's logit. */
function strongestPhrases(model: CommentModel, normal: string, topic: CommentTopic, t: number) {
  const spans = commentSpans(normal);
  const words = [...normal.matchAll(/\S+/g)].map((match) => ({
    from: match.index,
    to: match.index + match[0].length,
    weight: 0,
  }));
  for (const span of spans) {
    const weight = model.weights[t * model.features + span.feature]!;
    const touched = words.filter((word) => word.from < span.to && word.to > span.from);
    for (const word of touched) word.weight += weight / touched.length;
  }
  const stretches: { from: number; to: number; weight: number }[] = [];
  for (let w = 0; w < words.length; w++) {
    for (let size = 1; size <= 3 && w + size <= words.length; size++) {
      const part = words.slice(w, w + size);
      const weight = part.reduce((sum, word) => sum + word.weight, 0) / Math.sqrt(size);
      stretches.push({ from: part[0]!.from, to: part.at(-1)!.to, weight });
    }
  }
  stretches.sort((a, b) => b.weight - a.weight);
  const kept: typeof stretches = [];
  for (const one of stretches) {
    if (one.weight <= 0 || kept.length === 2) break;
    if (kept.every((other) => one.to <= other.from || one.from >= other.to)) kept.push(one);
  }
  return kept.map((one) => ({ topic, phrase: normal.slice(one.from, one.to), weight: one.weight * model.scale[t]! }));
}
