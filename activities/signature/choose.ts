import { mkdir } from 'node:fs/promises';
import { createCmsSigner } from './cms-rsa';
import { createExternalSigner } from './external';
import { createGostSigner } from './openssl-gost';
import type { DocumentSigner } from './port';

/** Which adapter signs, as the environment says. */
export interface SignerSettings {
  readonly kind: 'cms-rsa' | 'cms-gost' | 'external';
  /** Folder of the insurer's own key. */
  readonly keyDir: string;
  readonly gost?: { readonly keyPath: string; readonly certificatePath: string };
  readonly external?: { readonly url: string; readonly token: string };
}

const EXTERNAL_TIMEOUT_MS = 15_000;

/** @throws Error that names the missing setting */
export async function chooseSigner(settings: SignerSettings): Promise<DocumentSigner> {
  switch (settings.kind) {
    case 'cms-rsa':
      await mkdir(settings.keyDir, { recursive: true, mode: 0o700 });
      return createCmsSigner(settings.keyDir);
    case 'cms-gost':
      if (settings.gost === undefined)
        throw new Error('SIGNER=cms-gost needs SIGNER_GOST_KEY and SIGNER_GOST_CERTIFICATE');
      return createGostSigner({ ...settings.gost, engine: 'gost', openssl: 'openssl' });
    case 'external':
      if (settings.external === undefined) throw new Error('SIGNER=external needs SIGNER_URL and SIGNER_TOKEN');
      return createExternalSigner({ ...settings.external, timeoutMs: EXTERNAL_TIMEOUT_MS });
    default:
      return settings.kind satisfies never;
  }
}
