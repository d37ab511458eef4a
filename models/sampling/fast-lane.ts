import { clopperPearsonInterval } from '../statistics/intervals';
import type { LocalizedText } from '../errors';

export type LaneState = 'ordinary' | 'fast' | 'suspended';

/** Thresholds as data: an insurer sets its own. */
export interface LaneRules {
  /** Checked lines needed before the lane can be earned. */
  readonly minChecked: number;
  /** The upper bound of the error rate has to be at or below this to earn the lane. */
  readonly earnBelow: number;
  /** The lower bound above this loses it: the error is proven. */
  readonly loseAbove: number;
  /** Share of refused or reduced lines in the period that loses the lane at once. */
  readonly maxRefusedShare: number;
  /** A clinic whose internal rating is proven below this (upper end of its interval, 0-100) is not trusted. */
  readonly leastRating: number;
  /** An open fraud case of at least this severity suspends the lane. */
  readonly suspendOnCase: boolean;
  /** Days that a lost lane cannot be earned again. */
  readonly quarantineDays: number;
  readonly confidence: number;
}

export const DEFAULT_LANE_RULES: LaneRules = {
  minChecked: 150,
  earnBelow: 0.03,
  loseAbove: 0.05,
  maxRefusedShare: 0.1,
  leastRating: 25,
  suspendOnCase: true,
  quarantineDays: 90,
  confidence: 0.95,
};

export interface Lane {
  readonly state: LaneState;
  /** Day (ISO) of the last change. */
  readonly since: string;
  /** First day on which a lost lane may be earned again. */
  readonly quarantineUntil: string | null;
}

/** What is known about the clinic over the window of the rule. */
export interface LaneFacts {
  readonly checked: number;
  readonly wrong: number;
  readonly linesDecided: number;
  readonly linesRefusedOrReduced: number;
  readonly openFraudCase: boolean;
  /** Upper end of the interval of the newest internal rating; null before the first one. */
  readonly ratingHigh: number | null;
}

export type LaneReason =
  | 'fraud-case-open'
  | 'fraud-case-closed'
  | 'error-rate-proven'
  | 'too-many-refusals'
  | 'rating-proven-low'
  | 'error-rate-low'
  | 'not-enough-checked'
  | 'quarantine'
  | 'error-rate-not-proven-low'
  | 'stays';

export interface LaneDecision {
  readonly lane: Lane;
  readonly changed: boolean;
  readonly reason: LaneReason;
  readonly text: LocalizedText;
  readonly errorRate: { readonly share: number; readonly low: number; readonly high: number };
}

/**
 * One step of a clinic's trusted lane on a day: it is earned when the sample proves a low error rate, lost when it
 * proves a high one, too much is refused or the clinic's rating is proven low, and stands still while a fraud case is open. Between the two thresholds
 * nothing changes, so a clinic does not flip back and forth.
 */
export function stepLane(lane: Lane, facts: LaneFacts, rules: LaneRules, today: string): LaneDecision {
  const errorRate = clopperPearsonInterval(facts.wrong, facts.checked, rules.confidence);
  const refused = facts.linesDecided === 0 ? 0 : facts.linesRefusedOrReduced / facts.linesDecided;
  const badlyRated = facts.ratingHigh !== null && facts.ratingHigh < rules.leastRating;
  const decide = (state: LaneState, reason: LaneReason, lost = false): LaneDecision => {
    const changed = state !== lane.state;
    const quarantineUntil = lost ? addDays(today, rules.quarantineDays) : lane.quarantineUntil;
    const next = changed || lost ? { state, since: changed ? today : lane.since, quarantineUntil } : lane;
    return { lane: next, changed, reason, text: WORDS[reason], errorRate };
  };
  if (facts.openFraudCase && rules.suspendOnCase) return decide('suspended', 'fraud-case-open');
  if (lane.state === 'suspended') return decide('ordinary', 'fraud-case-closed', true);
  if (lane.state === 'fast') {
    if (errorRate.low > rules.loseAbove) return decide('ordinary', 'error-rate-proven', true);
    if (refused > rules.maxRefusedShare) return decide('ordinary', 'too-many-refusals', true);
    if (badlyRated) return decide('ordinary', 'rating-proven-low', true);
    return decide('fast', 'stays');
  }
  if (lane.quarantineUntil !== null && today < lane.quarantineUntil) return decide('ordinary', 'quarantine');
  if (facts.checked < rules.minChecked) return decide('ordinary', 'not-enough-checked');
  if (refused > rules.maxRefusedShare) return decide('ordinary', 'too-many-refusals');
  if (badlyRated) return decide('ordinary', 'rating-proven-low');
  if (errorRate.high > rules.earnBelow) return decide('ordinary', 'error-rate-not-proven-low');
  return decide('fast', 'error-rate-low');
}

const WORDS: Readonly<Record<LaneReason, LocalizedText>> = {
  'fraud-case-open': {
    ru: 'Открыто дело: быстрая полоса приостановлена',
    en: 'A fraud case is open: the fast lane stands',
  },
  'fraud-case-closed': {
    ru: 'Дело закрыто: полоса обычная, доверие надо заслужить снова',
    en: 'The case is closed: ordinary lane, trust has to be earned again',
  },
  'error-rate-proven': { ru: 'Выборка доказала высокую долю ошибок', en: 'The sample proves a high error rate' },
  'too-many-refusals': { ru: 'Слишком много отказов и снижений', en: 'Too many lines were refused or reduced' },
  'rating-proven-low': {
    ru: 'Внутренний рейтинг клиники доказанно низкий',
    en: 'The internal rating of the clinic is proven low',
  },
  'error-rate-low': {
    ru: 'Выборка доказала низкую долю ошибок: полоса быстрая',
    en: 'The sample proves a low error rate: fast lane',
  },
  'not-enough-checked': { ru: 'Проверено еще мало строк', en: 'Too few lines have been checked yet' },
  quarantine: {
    ru: 'После потери полосы прошло мало времени',
    en: 'Too little time has passed since the lane was lost',
  },
  'error-rate-not-proven-low': { ru: 'Доля ошибок не доказана низкой', en: 'The error rate is not proven low' },
  stays: { ru: 'Полоса остается быстрой', en: 'The fast lane stays' },
};

function addDays(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
