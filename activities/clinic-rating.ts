import { dayNumber, isoDate } from '../models/calendar';
import { readComment } from '../models/feedback/comments/classify';
import type { CommentModel } from '../models/feedback/comments/classify';
import { employerReport } from '../models/ratings/employer-report';
import { rateClinics } from '../models/ratings/internal-rating';
import { PEOPLE_RATING_RULES, ratePeople } from '../models/ratings/people-rating';
import { rankChanges, rankClinics } from '../models/ratings/rank';
import type { Pool } from '../prisma/pool';
import { setStatementTimeout, withTransaction } from '../prisma/pool';
import { employersWithoutReport, freezeReport, readEmployerFeedback } from '../prisma/repositories/employer-reports';
import {
  findRatingVersion,
  insertRatingVersion,
  readClinicRecords,
  readLastEstimates,
  readPatientRatings,
} from '../prisma/repositories/ratings';
import type { RatingKind, RatingVersion, RatingWrite } from '../prisma/repositories/ratings';

export interface RatingDeps {
  readonly pool: Pool;
  readonly comments: () => CommentModel;
}

const INTERNAL_DAYS = 365;
const READ_TIMEOUT_MS = 240_000;
type Rated = Omit<RatingWrite, 'place' | 'bestPlace' | 'worstPlace' | 'change'>;

export function createRatingActivities(deps: RatingDeps) {
  return {
    /** One version of one rating: measured, shrunk, ranked, compared with the version before. */
    async rateAllClinics(input: { kind: RatingKind; runKey: string; today: string }): Promise<RatingVersion> {
      const { kind, runKey, today } = input;
      return withTransaction(deps.pool, async (tx) => {
        await setStatementTimeout(tx, READ_TIMEOUT_MS);
        const known = await findRatingVersion(tx, kind, runKey);
        if (known !== null) return known;
        const days = kind === 'internal' ? INTERNAL_DAYS : PEOPLE_RATING_RULES.maxAgeDays;
        const period = [isoDate(dayNumber(today) - days), today] as const;
        const better = kind === 'internal' ? 'low' : 'high';
        const rated = kind === 'internal' ? ratedInside(await readClinicRecords(tx, period)) : [];
        if (kind === 'people') {
          const rules = { ...PEOPLE_RATING_RULES, today: dayNumber(today) };
          rated.push(...ratedByPeople(await readPatientRatings(tx, period), rules));
        }
        const places = new Map(rankClinics(rated, better).map((one) => [one.clinicId, one]));
        const before = await readLastEstimates(tx, kind);
        const changes = new Map(rankChanges(before, rated, better).map((one) => [one.clinicId, one.change]));
        const rows = rated.map((one) => {
          const { place, bestPlace, worstPlace } = places.get(one.clinicId)!;
          return { ...one, place, bestPlace, worstPlace, change: changes.get(one.clinicId)! };
        });
        return insertRatingVersion(tx, { kind, runKey, period }, rows);
      });
    },

    /** Freezes the report of the last ended quarter for each employer that has none yet. */
    async freezeEmployerReports({ today }: { today: string }): Promise<{ readonly reports: number }> {
      const { pool } = deps;
      const quarter = quarterBefore(today);
      const employers = await employersWithoutReport(pool, quarter.from);
      const model = employers.length === 0 ? null : deps.comments();
      for (const policyholderId of employers) {
        const rows = await readEmployerFeedback(pool, policyholderId, quarter);
        const feedback = rows.map(({ comment, complained, ...row }) => ({
          ...row,
          complained: complained || (comment !== null && readComment(model!, comment).complaint),
        }));
        await freezeReport(pool, policyholderId, quarter.from, employerReport(feedback));
      }
      return { reports: employers.length };
    },
  };
}

export type RatingActivities = ReturnType<typeof createRatingActivities>;

function ratedInside(records: Parameters<typeof rateClinics>[0]): Rated[] {
  return rateClinics(records).map(({ clinicId, score, low, high, overall, components }) => ({
    clinicId,
    score,
    low,
    high,
    estimate: overall,
    components,
  }));
}

const MOST_EVIDENCE = 50;

function ratedByPeople(...given: Parameters<typeof ratePeople>): Rated[] {
  return ratePeople(...given).map(({ clinicId, stars, low, high, sd, answers, effective, evidence }) => ({
    clinicId,
    score: stars,
    low,
    high,
    estimate: { mean: stars ?? 3, sd },
    components: [
      { name: 'stars', value: stars, low, high, answers, effective, evidence: evidence.slice(0, MOST_EVIDENCE) },
    ],
  }));
}

/** First and last day of the quarter that ended before `today`. */
export function quarterBefore(today: string): { readonly from: string; readonly to: string } {
  const [year, month] = [Number(today.slice(0, 4)), Number(today.slice(5, 7))];
  const start = Math.floor((month - 1) / 3) * 3 - 3;
  const first = (months: number): number => Date.UTC(year, months, 1) / 86_400_000;
  return { from: isoDate(first(start)), to: isoDate(first(start + 3) - 1) };
}
