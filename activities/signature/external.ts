import { AppError } from '../../models/errors';
import type { DocumentSigner } from './port';

export interface ExternalSignerOptions {
  /** Endpoint of the provider: takes the document's bytes, answers with a detached CMS in DER. */
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
}

/**
 * Signs at a provider over HTTP: POST of the bytes with a bearer token, answer `application/pkcs7-signature`.
 * A provider with another protocol gets a small gateway that speaks this one.
 */
export function createExternalSigner(options: ExternalSignerOptions): DocumentSigner {
  return { name: 'external', sign: (document) => signRemotely(document, options) };
}

async function signRemotely(document: Uint8Array, options: ExternalSignerOptions): Promise<Uint8Array> {
  const answer = await fetch(options.url, {
    method: 'POST',
    headers: { authorization: `Bearer ${options.token}`, 'content-type': 'application/octet-stream' },
    body: new Uint8Array(document),
    signal: AbortSignal.timeout(options.timeoutMs),
  }).catch((cause: unknown) => {
    throw refused('no answer', cause);
  });
  if (!answer.ok) throw refused(`status ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

function refused(why: string, cause?: unknown): AppError {
  return new AppError(
    'signature.provider-failed',
    { ru: `Провайдер подписи не подписал документ: ${why}`, en: `The signature provider did not sign: ${why}` },
    { httpStatus: 502, retryable: true, cause },
  );
}
