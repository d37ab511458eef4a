import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { IncomingHttpHeaders, Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chooseSigner } from '../activities/signature/choose';
import { createCmsSigner, verifyDetached } from '../activities/signature/cms-rsa';
import { createExternalSigner } from '../activities/signature/external';
import { createGostSigner } from '../activities/signature/openssl-gost';

const DOCUMENT = Buffer.from('%PDF-1.7 письмо');
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'medex-signers-'));
});
afterAll(() => rm(dir, { recursive: true }));

test('the own key is made once: what it signed before a restart is verified after it', async () => {
  const first = await (await createCmsSigner(dir)).sign(DOCUMENT);
  const second = await (await createCmsSigner(dir)).sign(DOCUMENT);
  for (const signature of [first, second]) {
    expect(await verifyDetached(DOCUMENT, Buffer.from(signature))).toEqual({ valid: true, signer: 'Medex' });
  }
});

describe('ГОСТ through openssl', () => {
  /** An openssl that notes how it was called and signs with `content`; exit 1 = the engine is missing. */
  async function fakeOpenssl(name: string, exitCode: number): Promise<string> {
    const path = join(dir, name);
    const script = `#!/bin/sh
echo "$@" > ${join(dir, 'args')}
while [ $# -gt 0 ]; do
  case "$1" in -in) cp "$2" ${join(dir, 'seen')} ;; -out) printf DER > "$2" ;; esac
  shift
done
exit ${exitCode}
`;
    await writeFile(path, script);
    await chmod(path, 0o755);
    return path;
  }
  const options = { keyPath: '/keys/k.pem', certificatePath: '/keys/c.pem', engine: 'gost' };

  test('signs the exact bytes, detached, by ГОСТ Р 34.11-2012, with the key and certificate of the settings', async () => {
    const signer = createGostSigner({ ...options, openssl: await fakeOpenssl('openssl-good', 0) });
    expect(Buffer.from(await signer.sign(DOCUMENT)).toString()).toBe('DER');
    expect(await readFile(join(dir, 'seen'))).toEqual(DOCUMENT);
    const args = await readFile(join(dir, 'args'), 'utf8');
    expect(args).toContain('cms -sign -binary -engine gost -md md_gost12_256 -outform DER');
    expect(args).toContain('-signer /keys/c.pem -inkey /keys/k.pem');
    // Detached: the document is not carried inside.
    expect(args).not.toContain('-nodetach');
  });

  test('an engine that is missing is an error which is tried again, and names the remedy', async () => {
    const signer = createGostSigner({ ...options, openssl: await fakeOpenssl('openssl-bad', 1) });
    await expect(signer.sign(DOCUMENT)).rejects.toMatchObject({ code: 'signature.gost-failed', retryable: true });
  });
});

describe('an external provider', () => {
  const seen: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
  let status = 200;
  let server: Server;
  let url: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        seen.push({ headers: request.headers, body: Buffer.concat(parts) });
        response.writeHead(status, { 'content-type': 'application/pkcs7-signature' }).end(Buffer.from([0x30, 0x82]));
      });
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', () => resolve());
    });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/sign`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });

  test('gets the bytes with the token and gives the signature back', async () => {
    const signer = createExternalSigner({ url, token: 'T-1', timeoutMs: 5000 });
    expect([...(await signer.sign(DOCUMENT))]).toEqual([0x30, 0x82]);
    expect(seen[0]!.body).toEqual(DOCUMENT);
    expect(seen[0]!.headers.authorization).toBe('Bearer T-1');
  });

  test.each([
    ['refuses', () => (status = 503)],
    ['does not answer', () => (url = 'http://127.0.0.1:9/sign')],
  ])('that %s is tried again, and its words never carry the document', async (_name, spoil) => {
    spoil();
    const signer = createExternalSigner({ url, token: 'T-1', timeoutMs: 2000 });
    await expect(signer.sign(DOCUMENT)).rejects.toMatchObject({ code: 'signature.provider-failed', retryable: true });
  });
});

test.each([
  ['cms-gost', 'SIGNER_GOST_KEY'],
  ['external', 'SIGNER_URL'],
] as const)('%s without its settings stops the start and names them', async (kind, setting) => {
  await expect(chooseSigner({ kind, keyDir: dir })).rejects.toThrow(setting);
});
