import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SurveyQuestion } from '../../models/feedback/survey/questions';
import { packageRoot } from '../../prisma/files';
import type { Locale } from '../http/context';

const FOLDER = join(packageRoot(), 'web', 'survey');

type Texts = Readonly<Record<string, string>>;
type Values = Readonly<Record<string, string>>;

const read = (name: string): string => readFileSync(join(FOLDER, name), 'utf8');
const TEMPLATES = Object.fromEntries(
  ['layout', 'form', 'notice', 'choice', 'option', 'minutes', 'text'].map((name) => [name, read(`${name}.html`)]),
);
const TEXTS = JSON.parse(read('texts.json')) as Readonly<Record<Locale, Texts>>;

/** The page's only style sheet. */
export const SURVEY_CSS = read('style.css');

export type Notice = 'thanks' | 'answered' | 'expired' | 'optedOut' | 'unknown';

/** What was sent and did not fit: the form comes back as it was, with the fault at its question. */
export interface SurveyFault {
  readonly questionId: string;
  readonly message: string;
  readonly given: Readonly<Record<string, string>>;
}

/** The form of one survey. No script, no outside resource; every field has a name that a screen reader says. */
export function surveyForm(
  questions: readonly SurveyQuestion[],
  token: string,
  lang: Locale,
  fault: SurveyFault | null = null,
): string {
  const texts = TEXTS[lang];
  const summary =
    fault === null
      ? ''
      : `<div class="wrong" role="alert"><h2>${escape(texts['wrong']!)}</h2><a href="#${escape(fault.questionId)}">${escape(fault.message)}</a></div>`;
  const body = fill('form', {
    ...texts,
    lang,
    summary,
    questions: questions.map((question) => field(question, lang, fault)).join(''),
    stopAction: `/s/${token}/opt-out?lang=${lang}`,
  });
  return layout(lang, texts['title']!, body);
}

/** A page that says one thing. */
export function surveyNotice(notice: Notice, lang: Locale): string {
  const texts = TEXTS[lang];
  return layout(lang, texts[`${notice}Title`]!, fill('notice', { text: texts[notice]! }));
}

function layout(lang: Locale, title: string, body: string): string {
  const other = lang === 'ru' ? { otherLang: 'en', otherName: 'English' } : { otherLang: 'ru', otherName: 'Русский' };
  return fill('layout', { ...TEXTS[lang], ...other, lang, title, body });
}

function field(question: SurveyQuestion, lang: Locale, fault: SurveyFault | null): string {
  const texts = TEXTS[lang];
  const { id } = question;
  const value = fault?.given[id] ?? '';
  const wrong = fault?.questionId === id ? fault.message : null;
  const error = wrong === null ? '' : `<p class="error" id="${id}-error">${escape(wrong)}</p>`;
  const described = [...(question.answer === 'text' ? [`${id}-hint`] : []), ...(wrong === null ? [] : [`${id}-error`])];
  const invalid =
    (described.length > 0 ? ` aria-describedby="${described.join(' ')}"` : '') +
    (wrong !== null && question.answer !== 'yes-no-unsure' && question.answer !== 'stars'
      ? ' aria-invalid="true"'
      : '');
  const common = { id, text: question.text[lang], error, invalid, value };
  if (question.answer === 'minutes') return fill('minutes', { ...common, unit: texts['unit']! });
  if (question.answer === 'text') return fill('text', { ...common, hint: texts['hint']! });
  const options: readonly (readonly [string, string])[] =
    question.answer === 'stars'
      ? ['1', '2', '3', '4', '5'].map((star) => [star, star] as const)
      : (['yes', 'no', 'unsure'] as const).map((answer) => [answer, texts[answer]!] as const);
  return fill('choice', {
    ...common,
    kind: question.answer,
    mark: question.required ? ` <span class="mark">(${escape(texts['required']!)})</span>` : '',
    options: options
      .map(([given, label]) => fill('option', { id, value: given, label, checked: given === value ? ' checked' : '' }))
      .join(''),
  });
}

/** `{{name}}` is escaped, `{{{name}}}` is markup that was made here. */
function fill(template: string, values: Values): string {
  return TEMPLATES[template]!.replace(/\{\{\{(\w+)\}\}\}|\{\{(\w+)\}\}/g, (_all, raw?: string, text?: string) =>
    raw === undefined ? escape(values[text!] ?? '') : (values[raw] ?? ''),
  );
}

function escape(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    '&': '&amp;',
    '<': '&lt;',
    '>': '&gt;',
    '"': '&quot;',
    "'": '&#39;',
  };
  return text.replace(/[&<>"']/g, (sign) => entities[sign]!);
}
