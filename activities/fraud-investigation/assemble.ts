import { join } from 'node:path';
import { loadCommentModel } from '../../models/feedback/comments/store';
import type { CommentModel } from '../../models/feedback/comments/classify';
import { CASE_TIMES } from '../../models/investigation/acts';
import type { CaseTimes } from '../../models/investigation/acts';
import { packageRoot } from '../../prisma/files';
import type { Pool } from '../../prisma/pool';
import { FRAUD_CASE_TOPIC } from '../../prisma/repositories/fraud-cases';
import { fraudCaseWorkflowId } from '../../workflows/fraud-case-messages';
import { createRatingActivities } from '../clinic-rating';
import { withTypedFailures } from '../failures';
import { createSurveyActivities } from '../feedback-survey';
import { chooseChannels } from '../feedback-survey/choose-channels';
import type { ChannelConfig } from '../feedback-survey/choose-channels';
import { importFeedbackFile } from '../feedback-survey/import-file';
import { weighAnswers } from '../feedback-survey/weigh-answers';
import { createCaseActivities } from '../fraud-investigation';
import { createScoringActivities } from '../fraud-scoring';
import type { OutboxHandler } from '../outbox-relay';

export interface FeedbackFeature {
  /** For the queue `medex-flow`. */
  readonly flow: object;
  /** For the queue `medex-review`: the scoring keeps a processor busy. */
  readonly review: object;
  readonly handlers: Readonly<Record<string, OutboxHandler>>;
}

/** Outbox topic of answered surveys (the page writes it). */
const SURVEY_ANSWERED_TOPIC = 'survey-answered';
/** Outbox topic of uploaded feedback.csv files (the API writes it). */
const FEEDBACK_IMPORT_TOPIC = 'feedback-import';

/** Everything that surveys, evidence, scoring, cases and ratings add to a worker process. */
export function assembleFeedback(options: {
  readonly pool: Pool;
  readonly publicUrl: string;
  readonly secret: string;
  /** Where uploads wait; the embedded file outbox of messages is a folder beside them. */
  readonly spoolDir: string;
  /** Providers of messages; without any, all of them go to the outbox. */
  readonly channels?: ChannelConfig;
  readonly caseTimes?: CaseTimes;
}): FeedbackFeature {
  const { pool, publicUrl, secret } = options;
  const now = (): Date => new Date();
  const channel = chooseChannels(options.channels ?? {}, join(options.spoolDir, 'survey-outbox'));
  let model: CommentModel | undefined;
  const comments = (): CommentModel => (model ??= loadCommentModel(join(packageRoot(), 'data', 'comments', 'model')));
  return {
    flow: withTypedFailures({
      ...createSurveyActivities({ pool, channel, publicUrl, secret }),
      ...createCaseActivities({ pool, times: options.caseTimes ?? CASE_TIMES, now, comments }),
      ...createRatingActivities({ pool, comments }),
    }),
    review: withTypedFailures(createScoringActivities({ pool, comments })),
    handlers: {
      [SURVEY_ANSWERED_TOPIC]: async (_client, { payload }) => {
        await weighAnswers({ pool, comments }, (payload as { surveyId: string }).surveyId);
      },
      [FEEDBACK_IMPORT_TOPIC]: (_client, { payload }) =>
        importFeedbackFile({ pool, spoolDir: options.spoolDir }, (payload as { fileId: string }).fileId),
      [FRAUD_CASE_TOPIC]: async (client, { payload }, queues) => {
        const { caseId } = payload as { caseId: string };
        await client.workflow.start('fraudInvestigation', {
          workflowId: fraudCaseWorkflowId(caseId),
          taskQueue: queues.flow,
          args: [{ caseId }],
          workflowIdConflictPolicy: 'USE_EXISTING',
        });
      },
    },
  };
}
