import { z } from 'zod';
import { isAppError } from '../../models/errors';
import { mapAnswers } from '../../models/feedback/survey/answers';
import { readSurveyToken } from '../../models/feedback/survey/link';
import { dayNumber, plainLocalMinute } from '../survey/time';
import { withTransaction } from '../../prisma/pool';
import { upsertFeedback } from '../../prisma/repositories/feedback';
import { enqueue } from '../../prisma/repositories/outbox';
import { markAnswered, optOut, readSurvey } from '../../prisma/repositories/survey-sending';
import type { OpenSurvey } from '../../prisma/repositories/survey-sending';
import type { ApiDeps } from '../deps';
import type { Locale, RouteContext } from '../http/context';
import { defineRoute, file } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { SURVEY_CSS, surveyForm, surveyNotice } from '../survey/page';
import type { Notice } from '../survey/page';

/** Outbox topic of answers that have to be weighed; payload `{ surveyId }`. */
const SURVEY_ANSWERED_TOPIC = 'survey-answered';

const FORM = 'application/x-www-form-urlencoded';
const HTML = 'text/html; charset=utf-8';
const LONGEST_FORM = 64 * 1024;
const PER_MINUTE = 60;

const params = z.object({ token: z.string().regex(/^[A-Za-z0-9_-]{43}$/) });
const query = z.object({ lang: z.enum(['ru', 'en']).optional() });
interface Input {
  readonly params: z.output<typeof params>;
  readonly query: z.output<typeof query>;
}

const STATUS: Readonly<Record<Notice, number>> = {
  thanks: 200,
  answered: 409,
  expired: 410,
  optedOut: 200,
  unknown: 404,
};

/** The page behind the signed link. Public: the link is the key, it opens one survey and takes one set of answers. */
export function surveyPageRoutes(deps: ApiDeps): RouteDefinition[] {
  const { pool, config } = deps;
  const now = (): Date => deps.now?.() ?? new Date();
  const idOf = (input: Input): string | null => readSurveyToken(config.MEDEX_SECRET, input.params.token);
  const subject = (input: Input) => ({ type: 'survey', ids: [idOf(input) ?? 'unsigned'] });
  const langOf = (ctx: RouteContext, input: Input, survey: OpenSurvey | null): Locale =>
    input.query.lang ?? survey?.locale ?? ctx.locale;
  const say = (notice: Notice, lang: Locale, status = STATUS[notice]) => ({ body: surveyNotice(notice, lang), status });
  const ended = (survey: OpenSurvey): Notice | null => {
    if (survey.state === 'answered') return 'answered';
    if (survey.state === 'opted-out') return 'optedOut';
    return survey.state === 'expired' || Date.parse(survey.expiresAt) <= now().getTime() ? 'expired' : null;
  };

  return [
    defineRoute({
      method: 'get',
      path: '/survey/style.css',
      summary: { ru: 'Стиль страницы опроса', en: 'Style of the survey page' },
      permission: 'public',
      response: file('text/css; charset=utf-8'),
      handler: () => ({ body: SURVEY_CSS }),
    }),
    defineRoute({
      method: 'get',
      path: '/s/:token',
      summary: { ru: 'Страница опроса', en: 'Survey page' },
      permission: 'public',
      params,
      query,
      response: file(HTML),
      alsoStatus: [404, 410],
      perMinute: PER_MINUTE,
      audit: { kind: 'read', subject },
      handler: async (ctx, input) => {
        const id = idOf(input);
        const survey = id === null ? null : await readSurvey(ctx.db, id);
        const lang = langOf(ctx, input, survey);
        if (survey === null) return say('unknown', lang);
        const end = ended(survey);
        // Looking again at what is answered is no mistake.
        if (end !== null) return say(end, lang, end === 'answered' ? 200 : STATUS[end]);
        return { body: surveyForm(survey.questions, input.params.token, lang) };
      },
    }),
    defineRoute({
      method: 'post',
      path: '/s/:token',
      summary: { ru: 'Ответы на опрос', en: 'Answers of a survey' },
      permission: 'public',
      params,
      query,
      input: 'raw',
      bodyTypes: [FORM],
      maxBytes: LONGEST_FORM,
      idempotent: false,
      response: file(HTML),
      alsoStatus: [404, 409, 410, 422],
      perMinute: PER_MINUTE,
      audit: { kind: 'change', subject },
      handler: async (ctx, input) => {
        const given = await readForm(ctx);
        const id = idOf(input);
        return withTransaction(pool, async (tx) => {
          const survey = id === null ? null : await readSurvey(tx, id, true);
          const lang = langOf(ctx, input, survey);
          if (survey === null) return say('unknown', lang);
          const end = ended(survey);
          if (end !== null) return say(end, lang);
          try {
            const at = now();
            const rows = mapAnswers(survey.questions, given);
            const { clinicId, clinicCode, invoiceNo, policyNo, visitDate } = survey;
            const visit = { clinicCode, invoiceNo, policyNo, visitDay: dayNumber(visitDate) };
            const answeredAt = plainLocalMinute(at);
            const items = rows.map((row) => ({ clinicId, row: { surveyId: id!, ...visit, answeredAt, ...row } }));
            await upsertFeedback(tx, items);
            await markAnswered(tx, id!, at.toISOString());
            await enqueue(tx, [{ topic: SURVEY_ANSWERED_TOPIC, key: id!, payload: { surveyId: id } }]);
          } catch (error) {
            if (!isAppError(error) || error.code !== 'survey-answer-invalid') throw error;
            const fault = { questionId: String(error.details['question']), message: error.text[lang], given };
            return { body: surveyForm(survey.questions, input.params.token, lang, fault), status: 422 };
          }
          return say('thanks', lang);
        });
      },
    }),
    defineRoute({
      method: 'post',
      path: '/s/:token/opt-out',
      summary: { ru: 'Отказ от опросов', en: 'Opt out of surveys' },
      permission: 'public',
      params,
      query,
      input: 'raw',
      bodyTypes: [FORM],
      maxBytes: LONGEST_FORM,
      idempotent: false,
      response: file(HTML),
      alsoStatus: [404],
      perMinute: PER_MINUTE,
      audit: { kind: 'change', subject },
      handler: async (ctx, input) => {
        await readForm(ctx);
        const id = idOf(input);
        return withTransaction(pool, async (tx) => {
          const survey = id === null ? null : await readSurvey(tx, id, true);
          const lang = langOf(ctx, input, survey);
          if (survey === null) return say('unknown', lang);
          await optOut(tx, survey);
          return say('optedOut', lang);
        });
      },
    }),
  ];
}

/** Fields of a form post; the last of a repeated name counts. Control characters but line ends are dropped. */
async function readForm(ctx: RouteContext): Promise<Record<string, string>> {
  const parts: Buffer[] = [];
  for await (const part of ctx.raw()) parts.push(part as Buffer);
  const fields = new URLSearchParams(Buffer.concat(parts).toString('utf8'));
  const clean = (text: string): string => text.replace(/[^\P{Cc}\n\r\t]|\p{Cs}/gu, '');
  return Object.fromEntries([...fields].map(([name, value]) => [name, clean(value)]));
}
