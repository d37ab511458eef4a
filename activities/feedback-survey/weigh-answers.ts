import { commentEvidence } from '../../models/feedback/comments/evidence';
import type { CommentModel } from '../../models/feedback/comments/classify';
import type { AnswerRow } from '../../models/feedback/survey/answers';
import { surveyEvidence } from '../../models/feedback/survey/evidence';
import { COMMENT_NOT_RENDERED } from '../../models/fraud/types';
import type { Pool } from '../../prisma/pool';
import { withTransaction } from '../../prisma/pool';
import { latestRun } from '../../prisma/repositories/fraud-signals';
import { raisePriority, readSurveyAnswers, storeEvidence } from '../../prisma/repositories/line-evidence';
import { ratesOf } from '../fraud-scoring/rates';

export interface WeighDeps {
  readonly pool: Pool;
  readonly comments: () => CommentModel;
}

/** From here on the patients' account moves a task up: 5 at even odds, 10 at certainty. */
const RAISES = 0.5;

/**
 * Turns the answers of one survey into evidence on the lines of its visit and raises the priority of tasks that wait
 * for them. It writes nothing else: no finding, no verdict, no state of a line. Safe to repeat.
 */
export async function weighAnswers(deps: WeighDeps, surveyId: string): Promise<{ lines: number; raised: number }> {
  const { pool } = deps;
  const { rows, lines } = await readSurveyAnswers(pool, surveyId);
  if (rows.length === 0 || lines.length === 0) return { lines: 0, raised: 0 };
  const comment = rows.find((row) => row.question === 'comment' && row.answer.trim() !== '')?.answer;
  const saysMissing =
    comment === undefined ? undefined : commentEvidence(deps.comments(), comment) === COMMENT_NOT_RENDERED;
  const rates = ratesOf(await latestRun(pool));
  const found = surveyEvidence(rows as readonly AnswerRow[], lines, rates, saysMissing);
  const weighed = found.map((evidence, at) => ({ ...lines[at]!, ...evidence }));
  const raising = weighed
    .filter((line) => line.posterior >= RAISES && line.posterior > line.prior)
    .map((line) => ({ lineId: line.lineId, priority: Math.floor(line.posterior * 10) }));
  const raised = await withTransaction(pool, async (tx) => {
    await storeEvidence(tx, surveyId, weighed);
    return raisePriority(tx, raising);
  });
  return { lines: weighed.length, raised };
}
