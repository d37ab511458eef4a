import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { proto3 } from './payload-bytes';

const ENCODING = 'binary/encrypted';
const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface CodecKey {
  /** Goes with every payload, so that a key can be replaced while old payloads stay readable. */
  readonly id: string;
  /** 32 bytes. */
  readonly key: Buffer;
}

/** A key from a secret text: the id is a hash of the key's hash, so it tells nothing about the key. */
export function codecKey(secret: string): CodecKey {
  const key = createHash('sha256').update(`medex/payloads/${secret}`).digest();
  const id = createHash('sha256').update(key).digest('hex').slice(0, 12);
  return { id, key };
}

/**
 * Encrypts every payload that leaves for Temporal (AES-256-GCM, a nonce of its own, the key's id as additional data):
 * the server's database holds ciphertext only. The first key encrypts, all of them decrypt. Logs nothing.
 */
export function createEncryptionCodec(keys: readonly [CodecKey, ...CodecKey[]]): PayloadCodec {
  const [current] = keys;
  const byId = new Map(keys.map((key) => [key.id, key.key]));
  return {
    encode: (payloads) => Promise.resolve(payloads.map((payload) => encrypt(payload, current))),
    decode: (payloads) => Promise.resolve(payloads.map((payload) => decrypt(payload, byId))),
  };
}

function encrypt(payload: Payload, { id, key }: CodecKey): Payload {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv(CIPHER, key, nonce);
  cipher.setAAD(Buffer.from(id));
  const body = Buffer.concat([cipher.update(proto3.encode(payload)), cipher.final()]);
  return {
    metadata: { encoding: Buffer.from(ENCODING), 'encryption-key-id': Buffer.from(id) },
    data: Buffer.concat([nonce, cipher.getAuthTag(), body]),
  };
}

function decrypt(payload: Payload, keys: ReadonlyMap<string, Buffer>): Payload {
  if (textOf(payload.metadata?.encoding) !== ENCODING) return payload;
  const id = textOf(payload.metadata?.['encryption-key-id']);
  const key = keys.get(id);
  if (key === undefined || payload.data == null) throw new Error(`payload is encrypted with an unknown key (${id})`);
  const data = Buffer.from(payload.data);
  const decipher = createDecipheriv(CIPHER, key, data.subarray(0, NONCE_BYTES));
  decipher.setAAD(Buffer.from(id));
  decipher.setAuthTag(data.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return proto3.decode(Buffer.concat([decipher.update(data.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]));
}

function textOf(bytes: Uint8Array | null | undefined): string {
  return bytes == null ? '' : Buffer.from(bytes).toString();
}
