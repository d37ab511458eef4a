import type { Client } from '@temporalio/client';
import { DEFAULT_QUEUES } from '../workflows/messages';

/** Nightly, after the batch: statistics, samples and lanes. A missed night is caught up within a day. */
export async function ensureStatSchedule(client: Client): Promise<void> {
  try {
    await client.schedule.create({
      scheduleId: 'stat-review',
      spec: { calendars: [{ hour: 5, minute: 0 }], timezone: 'Europe/Moscow' },
      policies: { overlap: 'SKIP', catchupWindow: '1 day' },
      action: {
        type: 'startWorkflow',
        workflowType: 'statReview',
        workflowId: 'stat-review/schedule',
        taskQueue: DEFAULT_QUEUES.flow,
        args: [{}],
      },
    });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ScheduleAlreadyRunning') throw error;
  }
}
