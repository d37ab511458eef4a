import { COMMENT_NEUTRAL, COMMENT_NOT_RENDERED, COMMENT_UPCODING } from '../../fraud/types';
import { topicProbabilities, type CommentModel } from './classify';
import { COMMENT_TOPICS } from './topics';

const NOT_RENDERED = COMMENT_TOPICS.indexOf('not-rendered');
const UPCODING = COMMENT_TOPICS.indexOf('upcoding');

/**
 * What a comment says to the fraud models, as a COMMENT_* code. How far such a comment is to be believed is not decided
 * here: the rates of both codes at honest and at guilty visits are estimated from the book.
 */
export function commentEvidence(model: CommentModel, text: string): number {
  const probability = topicProbabilities(model, text);
  const notRendered = probability[NOT_RENDERED]!;
  const upcoding = probability[UPCODING]!;
  if (notRendered < 0.5 && upcoding < 0.5) return COMMENT_NEUTRAL;
  return notRendered >= upcoding ? COMMENT_NOT_RENDERED : COMMENT_UPCODING;
}
