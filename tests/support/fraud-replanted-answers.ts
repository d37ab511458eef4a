import type { WorldAnswer } from '../../models/fraud/world';
import type { RowOfWorld } from './fraud-replanting';

/** Rates counted in the answers of the demo world (8,035 answers of 3,042 surveys); they differ a little by world. */
const NO_OF_HONEST = 0.028;
const NO_OF_INVENTED = 0.71;
const VISIT_NO_OF_HONEST = 0.012;
const VISIT_NO_OF_INVENTED = 0.82;
const UNSURE = 0.044;
/** Ratings 1 to 5 of honest visits, and of visits that were hurried or had something invented. */
const RATINGS = [0.035, 0.048, 0.1, 0.278, 0.539];
const SOUR_RATINGS = [0.2, 0.12, 0.15, 0.25, 0.28];
const SHORT_OF_HONEST = 0.03;

/** Answers of a share of all visits, as the patients of the demo world answer. */
export function answerVisits(lines: readonly RowOfWorld[], answered: number, random: () => number): WorldAnswer[] {
  const wobble = 0.7 + 0.6 * random();
  const visits = new Map<string, RowOfWorld[]>();
  for (const line of lines) {
    const key = `${line.clinicCode}|${line.policyNo}|${line.serviceDay}`;
    const own = visits.get(key);
    if (own) own.push(line);
    else visits.set(key, [line]);
  }
  const answers: WorldAnswer[] = [];
  for (const own of visits.values()) {
    if (random() < answered) answers.push(...answerVisit(own, wobble, random));
  }
  return answers;
}

function answerVisit(own: readonly RowOfWorld[], wobble: number, random: () => number): WorldAnswer[] {
  const answers: WorldAnswer[] = [];
  const first = own[0]!;
  const say = (question: string, answer: string, line: RowOfWorld | null = null): void => {
    const { clinicCode, invoiceNo, policyNo, serviceDay } = line ?? first;
    const lineNo = line?.lineNo ?? null;
    answers.push({ clinicCode, invoiceNo, lineNo, policyNo, visitDay: serviceDay, question, answer });
  };
  const yesNo = (no: number): string => (random() < UNSURE ? 'unsure' : random() < no ? 'no' : 'yes');
  const real = own.filter((line) => !line.phantom);
  const visit = real.find((line) => line.kind === 'consultation' && line.minutes > 0);
  const hurried = visit?.upcoded === true;
  const sour = hurried || real.length === 0;
  if (random() < 0.47)
    say('visit-happened', yesNo(real.length > 0 ? VISIT_NO_OF_HONEST * wobble : VISIT_NO_OF_INVENTED));
  const asked = own.filter(() => random() < Math.min(0.89, 1.6 / own.length));
  for (const line of asked.slice(0, 3)) {
    say('service-rendered', yesNo(line.phantom ? NO_OF_INVENTED : NO_OF_HONEST * wobble), line);
  }
  if (random() < 0.41) say('rating', String(draw(sour ? SOUR_RATINGS : RATINGS, random) + 1));
  if (random() < 0.35) say('paid-extra', random() < (hurried ? 0.3 : 0.03) ? 'yes' : 'no');
  if (visit !== undefined && random() < 0.42) {
    const share = [0.5, 0.67, 0.75, 1, 1, 1.2, 1.3][Math.floor(random() * 7)]!;
    const usual = random() < SHORT_OF_HONEST * wobble ? 4 + 3 * random() : visit.minutes * share;
    say('duration-minutes', String(Math.max(2, Math.round(hurried ? 4 + 3 * random() : usual))));
  }
  if (random() < 0.14) {
    const complains = real.length < own.length ? 'invented' : hurried ? 'hurried' : 'fine';
    const slip = random() < 0.006 ? 'invented' : random() < 0.012 ? 'hurried' : 'fine';
    say('comment', random() < 0.6 ? complains : slip);
  }
  return answers;
}

function draw(shares: readonly number[], random: () => number): number {
  let left = random();
  const found = shares.findIndex((share) => (left -= share) <= 0);
  return found < 0 ? shares.length - 1 : found;
}
