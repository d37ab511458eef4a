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
 * The way out of the house: e-mail, SMS or push. A message may be handed over again after a crash, under the same
 * survey and kind; an adapter uses them as the provider's idempotency key.
 */
export interface SurveyChannel {
  readonly send: (messages: readonly SurveyMessage[]) => Promise<void>;
}

const LANES = 16;

/** The embedded adapter: one file a message, `<survey>.<kind>.json`, written whole or not at all. */
export function createFileOutbox(folder: string): SurveyChannel {
  let ready: Promise<unknown> | undefined;
  const write = async (message: SurveyMessage): Promise<void> => {
    const path = join(folder, `${message.surveyId}.${message.kind}.json`);
    await writeFile(`${path}.part`, `${JSON.stringify(message)}\n`, { mode: 0o600 });
    await rename(`${path}.part`, path);
  };
  return {
    send: async (messages) => {
      await (ready ??= mkdir(folder, { recursive: true, mode: 0o700 }));
      const lane = async (_: unknown, from: number): Promise<void> => {
        for (let at = from; at < messages.length; at += LANES) await write(messages[at]!);
      };
      await Promise.all(Array.from({ length: LANES }, lane));
    },
  };
}
