import type { Client } from '@temporalio/client';
import { DEFAULT_QUEUES } from '../workflows/messages';

/** Nights of the feedback loop, Moscow time: score, then ask (the choice uses the scores), then rate on Mondays. */
const SCHEDULES = [
  { id: 'fraud-scoring', workflow: 'fraudScoring', calendar: { hour: 4, minute: 0 } },
  { id: 'feedback-survey', workflow: 'feedbackSurvey', calendar: { hour: 10, minute: 0 } },
  { id: 'clinic-rating', workflow: 'clinicRating', calendar: { dayOfWeek: 'MONDAY', hour: 6, minute: 0 } },
] as const;

/** Makes the Schedules of the feedback loop that are not there yet; runs never overlap, missed ones are caught up. */
export async function ensureFeedbackSchedules(client: Client): Promise<void> {
  for (const { id, workflow, calendar } of SCHEDULES) {
    try {
      await client.schedule.create({
        scheduleId: id,
        spec: { calendars: [calendar], timezone: 'Europe/Moscow' },
        // A day's surveys live for two weeks: the next day's do not wait for them.
        policies: { overlap: workflow === 'feedbackSurvey' ? 'ALLOW_ALL' : 'SKIP', catchupWindow: '1 day' },
        action: {
          type: 'startWorkflow',
          workflowType: workflow,
          workflowId: `${id}/schedule`,
          taskQueue: DEFAULT_QUEUES.flow,
          args: [{}],
        },
      });
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ScheduleAlreadyRunning') throw error;
    }
  }
}
