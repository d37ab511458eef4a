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

/** Names for people. */
const TOPIC_NAMES: Readonly<Record<CommentTopic, { ru: string; en: string }>> = {
  'not-rendered': { ru: 'услуги не было', en: 'service not rendered' },
  'paid-extra': { ru: 'доплата', en: 'paid extra' },
  rude: { ru: 'грубость', en: 'rudeness' },
  wait: { ru: 'ожидание', en: 'waiting' },
  unnecessary: { ru: 'лишние назначения', en: 'unnecessary services' },
  upcoding: { ru: 'приём короче выставленного', en: 'visit shorter than billed' },
  praise: { ru: 'похвала', en: 'praise' },
  other: { ru: 'прочее', en: 'other remarks' },
};
