import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { canonicalJson } from '../../models/audit/chain';
import { AppError } from '../../models/errors';

/** What is kept of the first answer, and sent again. */
export interface StoredAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** UTF-8 text; empty for 204. */
  readonly body: string;
}

/** A key in use: names the row, and seals the answer so that the table alone gives nothing away. */
export interface IdempotencySlot {
  readonly keyHash: Buffer;
  readonly seal: (answer: StoredAnswer) => Buffer;
  readonly open: (sealed: Buffer) => StoredAnswer;
  /** Keyed digest of the request: a body with a password cannot be guessed from it. */
  readonly fingerprint: (method: string, path: string, body: unknown) => Buffer;
}

const KEY_FORM = /^[\x21-\x7e]{1,255}$/;

/** The header's value, or null when there is none. @throws AppError bad-idempotency-key (400) */
export function readIdempotencyKey(header: string | string[] | undefined): string | null {
  if (header === undefined) return null;
  if (typeof header === 'string' && KEY_FORM.test(header)) return header;
  throw new AppError(
    'bad-idempotency-key',
    {
      ru: 'Idempotency-Key: от 1 до 255 печатных знаков ASCII без пробелов',
      en: 'Idempotency-Key: 1 to 255 printable ASCII characters without blanks',
    },
    { httpStatus: 400 },
  );
}

/** Keys of different callers never meet: `caller` is the account's id. */
export function idempotencySlot(secret: string, caller: string, key: string): IdempotencySlot {
  const cipherKey = Buffer.from(hkdfSync('sha256', secret, caller, `medex answer ${key}`, 32));
  return {
    keyHash: createHash('sha256').update(`${caller}\n${key}`).digest(),
    seal: (answer) => {
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', cipherKey, nonce);
      const text = Buffer.concat([cipher.update(JSON.stringify(answer), 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]);
    },
    open: (sealed) => {
      const decipher = createDecipheriv('aes-256-gcm', cipherKey, sealed.subarray(0, 12));
      decipher.setAuthTag(sealed.subarray(12, 28));
      const text = Buffer.concat([decipher.update(sealed.subarray(28)), decipher.final()]);
      return JSON.parse(text.toString('utf8')) as StoredAnswer;
    },
    fingerprint: (method, path, body) => {
      const content = canonicalJson([method, path, body ?? null]);
      return createHmac('sha256', cipherKey).update(content).digest();
    },
  };
}

/** 409: the first request with this key is still at work. */
export function twinAtWork(retryAfterSeconds: number): AppError {
  return new AppError(
    'request-in-progress',
    {
      ru: 'Запрос с этим Idempotency-Key ещё выполняется: повторите позже',
      en: 'A request with this Idempotency-Key is still in progress: try again later',
    },
    { httpStatus: 409, retryable: true, details: { retryAfterSeconds } },
  );
}

/** 422: the key belongs to a request with another content. */
export function otherContent(): AppError {
  return new AppError(
    'idempotency-key-reused',
    {
      ru: 'Этот Idempotency-Key уже использован с другим содержимым: возьмите новый ключ',
      en: 'This Idempotency-Key was used with other content: take a new key',
    },
    { httpStatus: 422 },
  );
}
