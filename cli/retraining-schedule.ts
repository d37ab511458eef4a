import type { Client } from '@temporalio/client';
import { RETRAINING_SCHEDULE_ID, retrainingSchedule } from '../workflows/model-retraining-messages';

/** Monthly retraining, made once: what an underwriter has set since stays. */
export async function ensureRetrainingSchedule(client: Client): Promise<void> {
  try {
    await client.schedule.create({ scheduleId: RETRAINING_SCHEDULE_ID, ...retrainingSchedule() });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ScheduleAlreadyRunning') throw error;
  }
}
