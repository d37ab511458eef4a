import { partOf } from '../money';
import type { ClauseRef, Review, Rule } from '../rule';
import { ALREADY_DUPLICATE, HIT, NOT_LISTED, NO_EPISODE, NO_LIMIT, PASS, insurerShare } from '../rule';
import { NONE } from '../table';
import { applyingGuidelines, cellOf, guidelineClause, withoutGuideline } from './guideline';
import { lineRef, serviceOf } from './read';

const shared = {
  version: '1',
  scope: 'person',
  family: 'FREQ',
  severity: 'medium',
  ground: 'medical',
} as const satisfies Partial<Rule>;

/** max_per_episode of the most permissive guideline; Infinity = no limit. */
function maxPerEpisode(review: Review, row: number): number {
  const guideline = review.guidelines.maxGuideline[row]!;
  return review.compiled.medicine.guidelines.maxPerEpisode[cellOf(review, row, guideline)]!;
}

/** min_interval_days of the most permissive guideline; 0 = no limit. */
function minInterval(review: Review, row: number): number {
  const guideline = review.guidelines.intervalGuideline[row]!;
  return review.compiled.medicine.guidelines.minIntervalDays[cellOf(review, row, guideline)]!;
}

function entryClause(review: Review, row: number, guideline: number, entries: Int32Array): ClauseRef | null {
  if (guideline === NONE) return null;
  const entry = entries[cellOf(review, row, guideline)]!;
  const source = review.compiled.medicine.guidelines.source[guideline]!;
  return guidelineClause(review, guideline, source.services[entry]!.clause);
}

export const FREQ_RULES: readonly Rule[] = [
  {
    ...shared,
    code: 'FREQ-01',
    id: 'too-many-in-episode',
    suspects: ({ guidelines }) => guidelines.listing,
    check: (review, row) => {
      if (review.table.episode[row]! < 0) return NO_EPISODE;
      const blocked = withoutGuideline(review, row);
      if (blocked !== PASS) return blocked;
      if (review.guidelines.listing[row] === NONE) return NOT_LISTED;
      const max = maxPerEpisode(review, row);
      if (max === Infinity) return NO_LIMIT;
      return review.history.episodeUnits[row]! > max ? HIT : PASS;
    },
    atRisk: (review, row) => {
      const excess = review.history.episodeUnits[row]! - maxPerEpisode(review, row);
      return partOf(insurerShare(review, row), excess, review.table.quantity[row]!);
    },
    values: (review, row) => {
      const listed = review.guidelines.listing[row] !== NONE;
      const max = listed ? maxPerEpisode(review, row) : Infinity;
      return {
        ...serviceOf(review, row),
        episode: review.table.episodes[review.table.episode[row]!] ?? null,
        units: review.table.episode[row]! < 0 ? null : review.history.episodeUnits[row]!,
        maxUnits: max === Infinity ? null : max,
        guidelines: applyingGuidelines(review, row).join(', ') || null,
      };
    },
    clause: (review, row) =>
      entryClause(review, row, review.guidelines.maxGuideline[row]!, review.compiled.medicine.guidelines.maxEntry),
  },
  {
    ...shared,
    code: 'FREQ-02',
    id: 'too-soon',
    atRisk: insurerShare,
    suspects: ({ history }) => history.previous,
    check: (review, row) => {
      const blocked = withoutGuideline(review, row);
      if (blocked !== PASS) return blocked;
      if (review.guidelines.listing[row] === NONE) return NOT_LISTED;
      const days = minInterval(review, row);
      if (days === 0) return NO_LIMIT;
      const { history, table } = review;
      if (history.duplicate[row] !== NONE || history.duplicateElsewhere[row] !== NONE) return ALREADY_DUPLICATE;
      const previous = history.previous[row]!;
      if (previous === NONE) return PASS;
      return table.serviceDay[row]! - table.serviceDay[previous]! < days ? HIT : PASS;
    },
    values: (review, row) => {
      const previous = review.history.previous[row]!;
      const { serviceDay } = review.table;
      return {
        ...serviceOf(review, row),
        daysSince: previous === NONE ? null : serviceDay[row]! - serviceDay[previous]!,
        minDays: review.guidelines.listing[row] === NONE ? null : minInterval(review, row) || null,
        ...lineRef(review, previous, 'previous'),
        guidelines: applyingGuidelines(review, row).join(', ') || null,
      };
    },
    clause: (review, row) =>
      entryClause(
        review,
        row,
        review.guidelines.intervalGuideline[row]!,
        review.compiled.medicine.guidelines.intervalEntry,
      ),
  },
];
