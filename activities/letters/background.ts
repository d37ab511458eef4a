import { WorkflowNotFoundError } from '@temporalio/client';
import { LETTER_USE_TOPIC } from '../../prisma/repositories/letter-use';
import { actUpdate, letterWorkflowId } from '../../workflows/letter-messages';
import type { OutboxHandler } from '../outbox-relay';
import type { LetterActivities } from '../guarantee-letter';
import { ISSUE_TOPIC } from './announce';
import { issueLetter } from './issue';
import type { IssueDeps } from './issue';
import { sendDueWebhooks } from './webhook-sender';

/** Writes an act without the letter's workflow, which has ended. */
export type LateAct = (input: Parameters<LetterActivities['actOnLetter']>[0]) => Promise<unknown>;

/** Outbox topics of letters, for the relay. */
export function letterOutboxHandlers(
  deps: IssueDeps & { readonly lateAct: LateAct },
): Readonly<Record<string, OutboxHandler>> {
  return {
    [ISSUE_TOPIC]: (_client, { payload }) => issueLetter(deps, (payload as { requestId: string }).requestId),
    [LETTER_USE_TOPIC]: async (client, { payload, key }) => {
      const { requestId } = payload as { requestId: string };
      // The step counts for itself, under the letter's lock.
      const act = { kind: 'use', lines: [] } as const;
      const requestKey = `use:${key}`;
      const handle = client.workflow.getHandle(letterWorkflowId(requestId));
      await handle
        .executeUpdate(actUpdate, { args: [{ act, requestKey }], updateId: requestKey })
        .catch((error: unknown) => {
          // The letter's life is over: what came late is written all the same.
          if (error instanceof WorkflowNotFoundError) return deps.lateAct({ requestId, requestKey, act });
          throw error;
        });
    },
  };
}

/** Sends webhooks until closed. */
export function startWebhookSender(
  deps: Pick<IssueDeps, 'pool'> & { readonly onError?: (error: unknown) => void; readonly idleMs?: number },
): { readonly close: () => Promise<void> } {
  const closing = new AbortController();
  const loop = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const tried = await sendDueWebhooks(deps.pool).catch((error: unknown) => {
        deps.onError?.(error);
        return 0;
      });
      if (tried === 0) await pause(deps.idleMs ?? 1000, closing.signal);
    }
  };
  const running = loop();
  return {
    close: async () => {
      closing.abort();
      await running;
    },
  };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
