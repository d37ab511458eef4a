import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { AppError } from '../../models/errors';
import type { DocumentSigner } from './port';

const run = promisify(execFile);

export interface GostOptions {
  /** PEM files of a ГОСТ Р 34.10-2012 key and its certificate. */
  readonly keyPath: string;
  readonly certificatePath: string;
  /** OpenSSL engine that knows ГОСТ, e.g. Debian's libengine-gost-openssl. */
  readonly engine: string;
  readonly openssl: string;
}

/**
 * Detached CMS with ГОСТ Р 34.10-2012 through the machine's openssl engine. Good for exchange and tests; it is not a
 * certified cryptographic tool, which some exchanges ask for by law: there the external provider signs.
 */
export function createGostSigner(options: GostOptions): DocumentSigner {
  return { name: 'cms-gost', sign: (document) => signWithOpenssl(document, options) };
}

async function signWithOpenssl(document: Uint8Array, options: GostOptions): Promise<Uint8Array> {
  const dir = await mkdtemp(join(tmpdir(), 'medex-sign-'));
  try {
    const input = join(dir, 'document');
    const output = join(dir, 'signature.p7s');
    await writeFile(input, document, { mode: 0o600 });
    const mode = ['cms', '-sign', '-binary', '-engine', options.engine, '-md', 'md_gost12_256', '-outform', 'DER'];
    const files = ['-in', input, '-signer', options.certificatePath, '-inkey', options.keyPath, '-out', output];
    await run(options.openssl, [...mode, ...files]);
    return new Uint8Array(await readFile(output));
  } catch (cause) {
    throw new AppError(
      'signature.gost-failed',
      {
        ru: 'Подписать по ГОСТ не удалось: проверьте engine openssl, ключ и сертификат в настройках',
        en: 'Signing by ГОСТ failed: check the openssl engine, the key and the certificate in the settings',
      },
      { httpStatus: 500, retryable: true, cause },
    );
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}
