import type { OutboxHandler } from '../outbox-relay';
import { ISSUE_TOPIC } from './announce';
import { issueLetter } from './issue';
import type { IssueDeps } from './issue';
import { sendDueWebhooks } from './webhook-sender';

/** Outbox topics of letters, for the relay. */
export function letterOutboxHandlers(deps: IssueDeps): Readonly<Record<string, OutboxHandler>> {
  return {
    [ISSUE_TOPIC]: (_client, { payload }) => issueLetter(deps, (payload as { requestId: string }).requestId),
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
