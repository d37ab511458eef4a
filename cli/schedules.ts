import { setTimeout } from 'node:timers/promises';
import { ScheduleAlreadyRunning } from '@temporalio/client';
import type { CalendarSpec, Client, ScheduleOptions, ScheduleOverlapPolicy } from '@temporalio/client';
import { batchWorkflowId, DEFAULT_QUEUES } from '../workflows/messages';
import { RETRAINING_SCHEDULE_ID, retrainingSchedule } from '../workflows/model-retraining-messages';

export const BATCH_SCHEDULE_ID = 'batch-review';

/** Every Schedule of an installation, Moscow time: the night's batch, then score, statistics, rate, and ask by day. */
const SCHEDULES: readonly ScheduleOptions[] = [
  regular(BATCH_SCHEDULE_ID, 'batchReview', { hour: 2, minute: 0 }, { selection: { kind: 'untaken' } }),
  { scheduleId: RETRAINING_SCHEDULE_ID, ...retrainingSchedule() },
  regular('fraud-scoring', 'fraudScoring', { hour: 4, minute: 0 }),
  regular('stat-review', 'statReview', { hour: 5, minute: 0 }),
  regular('clinic-rating', 'clinicRating', { dayOfWeek: 'MONDAY', hour: 6, minute: 0 }),
  // A day's surveys live for two weeks: the next day's do not wait for them.
  regular('feedback-survey', 'feedbackSurvey', { hour: 10, minute: 0 }, {}, 'ALLOW_ALL'),
];

/** A missed start is caught up within a day. */
function regular(
  id: string,
  workflowType: string,
  calendar: CalendarSpec,
  input: object = {},
  overlap: ScheduleOverlapPolicy = 'SKIP',
): ScheduleOptions {
  return {
    scheduleId: id,
    spec: { calendars: [calendar], timezone: 'Europe/Moscow' },
    policies: { overlap, catchupWindow: '1 day' },
    action: {
      type: 'startWorkflow',
      workflowType,
      workflowId: id === BATCH_SCHEDULE_ID ? batchWorkflowId('schedule') : `${id}/schedule`,
      taskQueue: DEFAULT_QUEUES.flow,
      args: [input],
    },
  };
}

/**
 * Makes the Schedules that are not there yet; those that are stay as people have set or paused them. Any number of
 * processes may do it at once.
 */
export async function ensureSchedules(client: Client): Promise<void> {
  for (const schedule of SCHEDULES) {
    try {
      await client.schedule.create(schedule);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
  }
}

/** The same beside a worker: tries until it is done, since a worker serves its queues all the same. The result stops it. */
export function startEnsuringSchedules(
  client: Client,
  onError: (error: unknown) => void,
  pauseMs = 5000,
): () => Promise<void> {
  const closing = new AbortController();
  const { signal } = closing;
  const ensure = async (): Promise<void> => {
    while (!signal.aborted) {
      try {
        await ensureSchedules(client);
        return;
      } catch (error) {
        onError(error);
      }
      await setTimeout(pauseMs, null, { signal }).catch(() => undefined);
    }
  };
  const running = ensure();
  return async () => {
    closing.abort();
    await running;
  };
}
