import { inLanes, messageKey } from './channel';
import type { Delivery, SurveyChannel, SurveyMessage } from './channel';

const LANES = 8;
const TIMEOUT_MS = 10_000;
/** Answers that speak of this address. Every other 4xx may come of our settings or our bill, for everybody's address. */
const NO_ADDRESS = new Set([410, 422]);

export interface GatewayOptions {
  readonly url: string;
  /** Sent as a bearer token. */
  readonly token?: string;
}

/**
 * SMS or push by a provider's HTTP gateway: POST `{ id, channel, to, subject, text }` with `Idempotency-Key`. 2xx, and 409
 * ("had that one"), mean taken; 410 and 422 mean that the address is none; the rest is tried again.
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
      return NO_ADDRESS.has(answer.status) ? 'refused' : { later: `${channel} gateway: status ${answer.status}` };
    } catch (error) {
      return { later: `${channel} gateway: ${error instanceof Error ? error.name : 'unknown'}` };
    }
  };
  return { send: (messages) => inLanes(messages, LANES, send) };
}
