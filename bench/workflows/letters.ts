import { proxyActivities } from '@temporalio/workflow';

export { guaranteeLetter } from '../../workflows/guarantee-letter';

interface BareActivities {
  answer(requestId: string): Promise<string>;
}

const { answer } = proxyActivities<BareActivities>({ startToCloseTimeout: '10 seconds' });

/** The yardstick of `npm run bench:letters`: a workflow of one activity that does nothing. */
export async function bareOneActivity(requestId: string): Promise<string> {
  return answer(requestId);
}
