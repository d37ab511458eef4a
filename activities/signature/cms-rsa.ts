import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { webcrypto } from 'node:crypto';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import type { DocumentSigner, SignatureCheck } from './port';

const ALGORITHM = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' } as const;
const COMMON_NAME_OID = '2.5.4.3';
const CERTIFICATE_YEARS = 5;

const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as never });

interface Identity {
  readonly key: webcrypto.CryptoKey;
  readonly certificate: pkijs.Certificate;
}

/**
 * Detached CMS signatures with the insurer's own RSA key, kept in `dir` (made on first use, mode 0600).
 * Checked by any CMS tool: `openssl cms -verify -inform DER -in letter.p7s -content letter.pdf`.
 */
export async function createCmsSigner(dir: string, commonName = 'Medex'): Promise<DocumentSigner> {
  const identity = await loadOrCreate(dir, commonName);
  return { name: 'cms-rsa', sign: (document) => signDetached(document, identity) };
}

async function signDetached(document: Uint8Array, { key, certificate }: Identity): Promise<Uint8Array> {
  const signed = new pkijs.SignedData({
    version: 1,
    encapContentInfo: new pkijs.EncapsulatedContentInfo({ eContentType: pkijs.ContentInfo.DATA }),
    signerInfos: [
      new pkijs.SignerInfo({
        version: 1,
        sid: new pkijs.IssuerAndSerialNumber({ issuer: certificate.issuer, serialNumber: certificate.serialNumber }),
      }),
    ],
    certificates: [certificate],
  });
  await signed.sign(key, 0, 'SHA-256', bufferOf(document), engine);
  const info = new pkijs.ContentInfo({ contentType: pkijs.ContentInfo.SIGNED_DATA, content: signed.toSchema(true) });
  return new Uint8Array(info.toSchema().toBER(false));
}

/** Verifies a detached signature over exactly these bytes; the chain is the operator's business. */
export async function verifyDetached(document: Uint8Array, signature: Uint8Array): Promise<SignatureCheck> {
  const info = pkijs.ContentInfo.fromBER(bufferOf(signature));
  const signed = new pkijs.SignedData({ schema: info.content });
  const valid = await signed
    .verify({ signer: 0, data: bufferOf(document), checkChain: false }, engine)
    .catch(() => false);
  const certificate = signed.certificates?.find((item): item is pkijs.Certificate => item instanceof pkijs.Certificate);
  const name = certificate?.subject.typesAndValues.find((item) => item.type === COMMON_NAME_OID);
  return { valid, signer: name === undefined ? null : String(name.value.valueBlock.value) };
}

async function loadOrCreate(dir: string, commonName: string): Promise<Identity> {
  const keyPath = join(dir, 'signing-key.der');
  const certificatePath = join(dir, 'signing-certificate.der');
  const stored = await Promise.all([readFile(keyPath), readFile(certificatePath)]).catch(() => null);
  if (stored !== null) {
    const key = await webcrypto.subtle.importKey('pkcs8', stored[0], ALGORITHM, false, ['sign']);
    return { key, certificate: pkijs.Certificate.fromBER(bufferOf(stored[1])) };
  }
  const made = await createIdentity(commonName);
  // The certificate first and the key last: a crash in between leaves no key, and the next start makes both anew.
  await writeAtomically(certificatePath, new Uint8Array(made.certificate.toSchema(true).toBER(false)));
  await writeAtomically(keyPath, new Uint8Array(await webcrypto.subtle.exportKey('pkcs8', made.key)));
  return made;
}

async function createIdentity(commonName: string): Promise<Identity> {
  const pair = await webcrypto.subtle.generateKey(
    { ...ALGORITHM, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) },
    true,
    ['sign', 'verify'],
  );
  const certificate = new pkijs.Certificate({ version: 2 });
  certificate.serialNumber = new asn1js.Integer({ valueHex: webcrypto.getRandomValues(new Uint8Array(8)).buffer });
  for (const name of [certificate.issuer, certificate.subject]) {
    name.typesAndValues.push(
      new pkijs.AttributeTypeAndValue({
        type: COMMON_NAME_OID,
        value: new asn1js.Utf8String({ value: commonName }),
      }),
    );
  }
  const from = new Date();
  certificate.notBefore.value = from;
  certificate.notAfter.value = new Date(from.getTime() + CERTIFICATE_YEARS * 365 * 86_400_000);
  await certificate.subjectPublicKeyInfo.importKey(pair.publicKey, engine);
  await certificate.sign(pair.privateKey, 'SHA-256', engine);
  return { key: pair.privateKey, certificate };
}

async function writeAtomically(path: string, bytes: Uint8Array): Promise<void> {
  const draft = `${path}.${process.pid}.new`;
  await writeFile(draft, bytes, { mode: 0o600 });
  await rename(draft, path);
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}
