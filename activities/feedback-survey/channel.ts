import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One message to one person. It carries a link and a sentence; nothing of the visit. */
export interface SurveyMessage {
  readonly surveyId: string;
  readonly kind: 'invite' | 'reminder';
  readonly channel: 'email' | 'sms' | 'push';
  readonly address: string;
  readonly subject: string;
  readonly text: string;
}

/**
 * What became of a message: taken by the provider; refused for good, because the address is none (the person cannot be
 * reached that way); or to be tried later, with a reason that names no person.
 */
export type Delivery = 'sent' | 'refused' | { readonly later: string };

/**
 * The way out of the house: e-mail, SMS or push. A message may be handed over again after a crash or a failure of its
 * neighbours, under the same `messageKey`, which adapters give to the provider so that a repeat can be told.
 */
export interface SurveyChannel {
  /** Outcomes in the order of the messages; a channel that is down says so of each message and does not throw. */
  readonly send: (messages: readonly SurveyMessage[]) => Promise<Delivery[]>;
}

/** The same for every attempt at one message, and for no other message. */
export function messageKey({ surveyId, kind }: SurveyMessage): string {
  return `${surveyId}.${kind}`;
}

/** From then on no message of a call is begun, ms: a server may keep within its time limits and yet take minutes. */
const BEGIN_WITHIN_MS = 120_000;

/**
 * Sends with at most `lanes` messages under way at once; outcomes come in the order of the messages. Those that found no
 * time are to be tried later.
 */
export async function inLanes(
  messages: readonly SurveyMessage[],
  lanes: number,
  send: (message: SurveyMessage) => Promise<Delivery>,
): Promise<Delivery[]> {
  const outcomes = Array.from<Delivery>({ length: messages.length });
  const begin = Date.now();
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < messages.length) {
      const at = next++;
      const inTime = Date.now() - begin < BEGIN_WITHIN_MS;
      outcomes[at] = inTime ? await send(messages[at]!) : { later: 'out of time' };
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return outcomes;
}

const LANES = 16;

/** The embedded adapter: one file a message, `<survey>.<kind>.json`, written whole or not at all. */
export function createFileOutbox(folder: string): SurveyChannel {
  let ready: Promise<unknown> | undefined;
  const write = async (message: SurveyMessage): Promise<Delivery> => {
    const path = join(folder, `${messageKey(message)}.json`);
    await writeFile(`${path}.part`, `${JSON.stringify(message)}\n`, { mode: 0o600 });
    await rename(`${path}.part`, path);
    return 'sent';
  };
  return {
    send: async (messages) => {
      await (ready ??= mkdir(folder, { recursive: true, mode: 0o700 }));
      return inLanes(messages, LANES, write);
    },
  };
}

/** Gives each message to the adapter of its channel. */
export function routeByChannel(adapters: Readonly<Record<SurveyMessage['channel'], SurveyChannel>>): SurveyChannel {
  return {
    send: async (messages) => {
      const outcomes = new Map<SurveyMessage, Delivery>();
      await Promise.all(
        (['email', 'sms', 'push'] as const).map(async (channel) => {
          const own = messages.filter((message) => message.channel === channel);
          if (own.length === 0) return;
          const done = await adapters[channel].send(own);
          own.forEach((message, at) => outcomes.set(message, done[at]!));
        }),
      );
      return messages.map((message) => outcomes.get(message)!);
    },
  };
}
