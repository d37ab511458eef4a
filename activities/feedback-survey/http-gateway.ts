import { inLanes, messageKey } from './channel';
import type { Delivery, SurveyChannel, SurveyMessage } from './channel';

const LANES = 8;
const TIMEOUT_MS = 10_000;
/** Answers that say something of the gateway or of us, and nothing of the address. */
const TEMPORARY = new Set([401, 403, 404, 408, 425, 429]);

export interface GatewayOptions {
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token?: string;
}

/**
 * SMS or push by a provider's HTTP gateway: POST `{ id, channel, to, subject, text }` with `Idempotency-Key`. 2xx, and 409
 * ("had that one"), mean taken; another 4xx means that the address cannot be served; the rest is tried again.
 */
export function createHttpGateway({ url, token }: GatewayOptions): SurveyChannel {
  const send = async (message: SurveyMessage): Promise<Delivery> => {
    const { channel, address, subject, text } = message;
    const id = messageKey(message);
    try {
      const answer = await fetch(url, {
        method: 'POST',
        redirect: 'manual',
        headers: {
          'content-type': 'application/json',
          'idempotency-key': id,
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        },
        body: JSON.stringify({ id, channel, to: address, subject, text }),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await answer.body?.cancel();
      if (answer.ok || answer.status === 409) return 'sent';
      const forGood = answer.status >= 400 && answer.status < 500 && !TEMPORARY.has(answer.status);
      return forGood ? 'refused' : { later: `${channel} gateway: status ${answer.status}` };
    } catch (error) {
      return { later: `${channel} gateway: ${error instanceof Error ? error.name : 'unknown'}` };
    }
  };
  return { send: (messages) => inLanes(messages, LANES, send) };
}
