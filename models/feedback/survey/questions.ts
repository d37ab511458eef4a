import type { LocalizedText } from '../../errors';
import type { ServiceKind } from '../../service-kinds';
import { plainAction } from './plain-actions';

/** A billed line as the question writer may see it: no diagnosis, no name of a condition, no price. */
export interface AskableLine {
  readonly lineNo: number;
  /** Nomenclature code, e.g. A09.05.023. */
  readonly serviceCode: string | null;
  readonly kind: ServiceKind | 'unknown';
  readonly quantity: number;
  /** Specialty of a consultation in the nominative («невролог»), null else. */
  readonly specialty: string | null;
  /** Probability that the line was not rendered: the likeliest are asked first. */
  readonly risk: number;
}

export interface AskableVisit {
  /** ISO date of the visit. */
  readonly date: string;
  /** Name of the clinic as patients know it. */
  readonly clinicName: string;
  readonly lines: readonly AskableLine[];
}

export type AnswerKind = 'yes-no-unsure' | 'minutes' | 'stars' | 'text';

export interface SurveyQuestion {
  /** Stable within the survey: q1, q2... */
  readonly id: string;
  readonly question: 'visit-happened' | 'service-rendered' | 'duration-minutes' | 'paid-extra' | 'rating' | 'comment';
  /** Null: about the whole visit. Lines that share one observable fact are asked once. */
  readonly lineNos: readonly number[];
  readonly answer: AnswerKind;
  readonly required: boolean;
  readonly text: LocalizedText;
}

/** Facts asked at most, so that the page stays within a minute. */
export const MOST_FACTS = 3;

const MONTHS_RU = 'января февраля марта апреля мая июня июля августа сентября октября ноября декабря'.split(' ');
const MONTHS_EN = 'January February March April May June July August September October November December'.split(' ');

function dayText(date: string): LocalizedText {
  const [, month, day] = date.split('-').map(Number);
  return { ru: `${day} ${MONTHS_RU[month! - 1]}`, en: `${day} ${MONTHS_EN[month! - 1]}` };
}

/**
 * Writes the questions of one visit. Everything asked is what a patient sees with his own eyes (was blood taken, was
 * there an X-ray), in plain words; services that betray a condition are asked as their kind («анализ», «осмотр»). The
 * riskiest facts come first, one question per fact, then duration, extra payment, rating and a free comment.
 */
export function writeQuestions(visit: AskableVisit): SurveyQuestion[] {
  const day = dayText(visit.date);
  const questions: Omit<SurveyQuestion, 'id'>[] = [
    {
      question: 'visit-happened',
      lineNos: [],
      answer: 'yes-no-unsure',
      required: true,
      text: {
        ru: `Были ли вы ${day.ru} в клинике «${visit.clinicName}»?`,
        en: `Were you at the clinic "${visit.clinicName}" on ${day.en}?`,
      },
    },
  ];
  const facts = new Map<string, { text: LocalizedText; lineNos: number[]; risk: number }>();
  for (const line of visit.lines) {
    const fact = plainAction(line);
    const known = facts.get(fact.key);
    if (known) {
      known.lineNos.push(line.lineNo);
      known.risk = Math.max(known.risk, line.risk);
    } else facts.set(fact.key, { text: fact.text, lineNos: [line.lineNo], risk: line.risk });
  }
  const asked = [...facts.values()].sort((a, b) => b.risk - a.risk || a.lineNos[0]! - b.lineNos[0]!);
  for (const { text, lineNos } of asked.slice(0, MOST_FACTS)) {
    questions.push({ question: 'service-rendered', lineNos, answer: 'yes-no-unsure', required: false, text });
  }
  if (visit.lines.some((line) => line.kind === 'consultation')) {
    questions.push({
      question: 'duration-minutes',
      lineNos: [],
      answer: 'minutes',
      required: false,
      text: {
        ru: 'Сколько примерно минут врач провёл с вами?',
        en: 'About how many minutes did the doctor spend with you?',
      },
    });
  }
  questions.push(
    {
      question: 'paid-extra',
      lineNos: [],
      answer: 'yes-no-unsure',
      required: false,
      text: {
        ru: 'Просили ли вас доплатить сверх полиса?',
        en: 'Were you asked to pay anything beyond your policy?',
      },
    },
    {
      question: 'rating',
      lineNos: [],
      answer: 'stars',
      required: false,
      text: { ru: 'Оцените визит от 1 до 5', en: 'Rate the visit from 1 to 5' },
    },
    {
      question: 'comment',
      lineNos: [],
      answer: 'text',
      required: false,
      text: { ru: 'Хотите что-то добавить?', en: 'Anything to add?' },
    },
  );
  return questions.map((one, i) => ({ id: `q${i + 1}`, ...one }));
}
