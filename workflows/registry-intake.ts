import { proxyActivities } from '@temporalio/workflow';
import type { createIntakeActivities } from '../activities/intake';

const { takeUploadedRegistry } = proxyActivities<ReturnType<typeof createIntakeActivities>>({
  startToCloseTimeout: '1 hour',
  heartbeatTimeout: '2 minutes',
  retry: { initialInterval: '1 second', maximumInterval: '1 minute' },
});

/**
 * Takes one uploaded registry in. Started by the outbox relay under `registry-intake/<file id>`; the invoices then wait
 * for the next batch, the night's or one that `POST /v1/batches` asks for, of everything or of this file alone.
 */
export async function registryIntake(input: {
  fileId: string;
}): Promise<{ rowsAccepted: number; rowsRejected: number } | { failed: string }> {
  const result = await takeUploadedRegistry(input);
  return 'failed' in result ? result : { rowsAccepted: result.rowsAccepted, rowsRejected: result.rowsRejected };
}
