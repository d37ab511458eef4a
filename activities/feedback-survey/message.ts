import { surveyToken } from '../../models/feedback/survey/link';
import type { Addressee } from '../../prisma/repositories/survey-sending';
import type { SurveyMessage } from './channel';

const TEXTS = {
  ru: {
    subject: 'Как прошёл ваш визит?',
    invite: 'Ответьте на несколько вопросов о визите в клинику, это займёт минуту:',
    reminder: 'Напоминаем об опросе о визите в клинику, он займёт минуту:',
    end: 'Отказаться от опросов можно по той же ссылке.',
  },
  en: {
    subject: 'How was your visit?',
    invite: 'Please answer a few questions about your visit to the clinic, it takes a minute:',
    reminder: 'A reminder of our questions about your visit to the clinic, they take a minute:',
    end: 'The same link lets you stop such messages.',
  },
} as const;

/** Writes the message of a survey in the person's language. */
export function surveyMessage(
  to: Addressee,
  kind: SurveyMessage['kind'],
  link: { readonly publicUrl: string; readonly secret: string },
): SurveyMessage {
  const texts = TEXTS[to.locale];
  const url = `${link.publicUrl.replace(/\/$/, '')}/s/${surveyToken(link.secret, to.surveyId)}`;
  const { surveyId, channel, address } = to;
  return {
    surveyId,
    kind,
    channel,
    address,
    subject: texts.subject,
    text: `${texts[kind]} ${url}\n${texts.end}`,
  };
}
