import { defaultPayloadConverter } from '@temporalio/common';
import type { Payload } from '@temporalio/common';
import { codecKey, createEncryptionCodec } from '../activities/codec/encryption';

const key = codecKey('a secret of this installation');
const other = codecKey('a secret of another installation');
const payloadOf = (value: unknown): Payload => defaultPayloadConverter.toPayload(value);
const bytesOf = (payload: Payload): string => Buffer.from(payload.data ?? []).toString('latin1');

const values = [
  ['null', null],
  ['a text', 'Соколова Анна Викторовна'],
  ['an object', { versionId: 'v', decisions: [{ lineNo: 1, kind: 'refuse', reasonCode: 'CLIN-01' }] }],
  ['bytes', new Uint8Array([0, 255, 1])],
] as const;

test.each(values)('%s comes back as it was', async (_name, value) => {
  const codec = createEncryptionCodec([key]);
  const [decoded] = await codec.decode(await codec.encode([payloadOf(value)]));
  expect(defaultPayloadConverter.fromPayload(decoded!)).toEqual(value);
});

test('what leaves shows nothing of what it holds, and never the same bytes twice', async () => {
  const codec = createEncryptionCodec([key]);
  const [first, second] = await codec.encode([payloadOf('CLIN-01 Соколова'), payloadOf('CLIN-01 Соколова')]);
  expect(bytesOf(first!)).not.toContain('CLIN-01');
  expect(bytesOf(first!)).not.toBe(bytesOf(second!));
  expect(Buffer.from(first!.metadata!.encoding!).toString()).toBe('binary/encrypted');
});

test.each([
  ['a changed byte', (data: Buffer) => data.fill(data.at(-1)! ^ 1, data.length - 1)],
  ['a changed nonce', (data: Buffer) => data.fill(data[0]! ^ 1, 0, 1)],
  ['a cut tail', (data: Buffer) => data.subarray(0, data.length - 1)],
])('%s is noticed', async (_name, tamper) => {
  const codec = createEncryptionCodec([key]);
  const [encoded] = await codec.encode([payloadOf({ amount: 1 })]);
  const broken = { ...encoded!, data: tamper(Buffer.from(encoded!.data!)) };
  await expect(Promise.resolve().then(() => codec.decode([broken]))).rejects.toThrow(/\S/);
});

test('an old key still reads while a new one writes; a foreign key reads nothing', async () => {
  const old = await createEncryptionCodec([key]).encode([payloadOf('x')]);
  const rotated = createEncryptionCodec([other, key]);
  expect(defaultPayloadConverter.fromPayload((await rotated.decode(old))[0]!)).toBe('x');
  await expect(Promise.resolve().then(() => createEncryptionCodec([other]).decode(old))).rejects.toThrow(/unknown key/);
});

test('what was never encrypted passes as it is', async () => {
  const plain = payloadOf('search attribute');
  expect(await createEncryptionCodec([key]).decode([plain])).toEqual([plain]);
});
