/** Topics of a comment. The first six are complaints. */
export const COMMENT_TOPICS = [
  'not-rendered',
  'paid-extra',
  'rude',
  'wait',
  'unnecessary',
  'upcoding',
  'praise',
  'other',
] as const;
export type CommentTopic = (typeof COMMENT_TOPICS)[number];
export const COMPLAINTS = 6;
