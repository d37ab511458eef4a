import { asyncLocalStorage } from '@temporalio/activity';
import { dayNumber, isoDate, plainDate, RU_CALENDAR } from '../models/calendar';
import { chooseVisits } from '../models/feedback/survey/choose';
import { writeQuestions } from '../models/feedback/survey/questions';
import { withTransaction } from '../prisma/pool';
import { latestRun } from '../prisma/repositories/fraud-signals';
import { closeRound, waitingSurveys } from '../prisma/repositories/survey-sending';
import {
  findRound,
  insertRound,
  readBilledVisits,
  readContactLimits,
  readVisitLines,
} from '../prisma/repositories/surveys';
import { SURVEY_RULES } from '../workflows/survey-messages';
import type { FeedbackSurveyInput, SurveyRoundView } from '../workflows/survey-messages';
import { handOver } from './feedback-survey/hand-over';
import type { HandOverDeps } from './feedback-survey/hand-over';

/** With the workflow's pauses of up to five minutes, about a working day of waiting for a provider that is down. */
const LAST_ATTEMPT = 100;

/** Number of this attempt of the activity. */
function attempt(): number {
  return asyncLocalStorage.getStore()?.info.attempt ?? 1;
}

/** Steps of `feedbackSurvey`; each may run again after a crash and comes to the same. */
export function createSurveyActivities(deps: HandOverDeps) {
  return {
    /** Chooses whom to ask about the day's billed visits and writes the questions; a stored round is only read. */
    async chooseSurveys(input: FeedbackSurveyInput & { startedAt: string }): Promise<SurveyRoundView> {
      const { pool } = deps;
      const day = input.day ?? isoDate(dayNumber(plainDate(input.startedAt)) - 1);
      const known = await findRound(pool, day);
      if (known !== null) return known;
      const rules = { ...SURVEY_RULES, ...input.rules };
      const run = await latestRun(pool);
      const today = dayNumber(plainDate(input.startedAt));
      const oldestVisit = isoDate(dayNumber(day) - rules.oldestDays);
      const { timeZone } = RU_CALENDAR;
      const visits = await readBilledVisits(pool, { day, timeZone, oldestVisit, runId: run?.runId ?? null });
      const people = [...new Set(visits.map((visit) => visit.policyId))];
      const limits = await readContactLimits(
        pool,
        people,
        isoDate(today - Math.max(rules.periodDays, rules.quietDays)),
      );
      const limitsOf = new Map(
        limits.map(({ policyId, perPeriod, sentOn }) => [
          String(policyId),
          { optedOut: false, reachable: true, perPeriod, sentOn },
        ]),
      );
      const { budget, auditShare, periodDays, quietDays } = rules;
      const choice = { budget, auditShare, periodDays, quietDays, today, seed: dayNumber(day) };
      const chosen = chooseVisits(visits, (person) => limitsOf.get(person), choice);
      const visitOf = new Map(visits.map((visit) => [visit.visitId, visit]));
      const lines = await readVisitLines(
        pool,
        chosen.map(({ visitId }) => visitOf.get(visitId)!),
      );
      const surveys = chosen.flatMap(({ visitId, probability, reason }) => {
        const visit = visitOf.get(visitId)!;
        const asked = lines.get(visitId);
        if (asked === undefined) return [];
        const questions = writeQuestions({ date: visit.visitDate, clinicName: asked.clinicName, lines: asked.lines });
        return [{ visit, probability, reason, questions }];
      });
      const start = Date.parse(input.startedAt);
      const round = {
        day,
        visits: visits.length,
        rules: { ...rules, seed: choice.seed, run: run?.runId ?? null },
        remindAt: new Date(start + rules.remindAfterMs).toISOString(),
        expiresAt: new Date(start + rules.expireAfterMs).toISOString(),
      };
      const made = await withTransaction(pool, (tx) => insertRound(tx, round, surveys));
      return made ?? (await findRound(pool, day))!;
    },

    /**
     * Hands over up to `limit` messages; returns how many are settled, or `limit` where another call is worth making. Those
     * that a provider cannot take now are left for the next attempt, which meets them among others; after the last one, and
     * after the survey's expiry, for nobody.
     */
    async sendSurveys(input: { roundId: string; kind: 'invite' | 'reminder'; limit: number }): Promise<number> {
      const { roundId, kind, limit } = input;
      const waiting = await waitingSurveys(deps.pool, { roundId, kind, limit, seed: attempt() });
      const { settled, reasons } = await handOver(deps, kind, waiting);
      const left = waiting.length - settled;
      if (left === 0) return settled;
      if (attempt() < LAST_ATTEMPT) {
        throw new Error(`${left} messages could not be handed over: ${[...reasons].join(', ') || 'out of time'}`);
      }
      return settled > 0 ? limit : 0;
    },

    /** What was not answered has expired; the round is over. */
    async closeSurveys(input: { roundId: string; day: string }): Promise<SurveyRoundView> {
      await closeRound(deps.pool, input.roundId);
      return (await findRound(deps.pool, input.day))!;
    },
  };
}

export type SurveyActivities = ReturnType<typeof createSurveyActivities>;
