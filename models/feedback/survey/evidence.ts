import type { AnswerRates } from '../../fraud/answer-rates';
import { visitPosterior } from '../../fraud/visit-likelihood';
import type { AnswerRow } from './answers';

export interface LineBelief {
  readonly lineNo: number;
  /** Probability before the answers that the line was not rendered. */
  readonly prior: number;
}

export interface LineEvidence {
  readonly lineNo: number;
  /** P(answers | not rendered) / P(answers | rendered), as the answers on this line alone say it. */
  readonly likelihoodRatio: number;
  readonly posterior: number;
}

const SEEN: Readonly<Record<string, number>> = { yes: 0, no: 1, unsure: 2 };

function ratioOf(pair: readonly [Float64Array, Float64Array], answer: string | undefined): number {
  const seen = answer === undefined ? undefined : SEEN[answer];
  return seen === undefined ? 1 : pair[1][seen]! / pair[0][seen]!;
}

/**
 * Evidence of one survey on the lines of its visit, at the error rates of patients that the last scoring estimated. A
 * confirmation lowers a line as a denial raises it, and the answer on the visit covers all its lines. The result raises
 * priority or adds to a case; it decides nothing about a line.
 *
 * @param commentSaysMissing whether the comment model read "was not done"; undefined without a comment
 */
export function surveyEvidence(
  rows: readonly AnswerRow[],
  lines: readonly LineBelief[],
  rates: AnswerRates,
  commentSaysMissing?: boolean,
): LineEvidence[] {
  const onVisit = rows.find((row) => row.question === 'visit-happened')?.answer;
  const onLine = new Map<number, string>();
  for (const row of rows) {
    if (row.question === 'service-rendered' && row.lineNo !== null) onLine.set(row.lineNo, row.answer);
  }
  const whole = ratioOf(rates.visit, onVisit);
  const said = commentSaysMissing === undefined ? -1 : commentSaysMissing ? 1 : 0;
  const any = said < 0 ? 1 : rates.comment[1][said]! / rates.comment[0][said]!;
  const prior = Float64Array.from(lines, (line) => Math.min(0.97, Math.max(1e-6, line.prior)));
  const ratio = Float64Array.from(lines, (line) => ratioOf(rates.line, onLine.get(line.lineNo)));
  const out = new Float64Array(lines.length);
  if (lines.length > 0) visitPosterior(prior, ratio, lines.length, whole, any, 0.1, out);
  return lines.map((line, i) => ({ lineNo: line.lineNo, likelihoodRatio: ratio[i]!, posterior: out[i]! }));
}
