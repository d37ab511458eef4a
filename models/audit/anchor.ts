import { createPrivateKey, createPublicKey, hkdfSync, sign, verify } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { canonicalJson } from './chain';
import type { ChainHead } from './chain';

/** Heads of all chains at one moment, signed: kept in the database and, better, exported elsewhere. */
export interface Anchor {
  /** ISO instant in UTC. */
  readonly at: string;
  readonly heads: Readonly<Record<string, ChainHead>>;
  /** Hex Ed25519 signature over the canonical JSON of `at` and `heads`. */
  readonly signature: string;
}

export interface AnchorKeys {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
}

/** DER prefix of a PKCS #8 Ed25519 private key (RFC 8410); the 32 seed bytes follow. */
const PKCS8_ED25519 = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The signing key of an installation, derived from its secret: nothing more to store, the public half can be given away. */
export function anchorKeys(secret: string): AnchorKeys {
  const seed = Buffer.from(hkdfSync('sha256', secret, '', 'medex audit anchor', 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([PKCS8_ED25519, seed]), format: 'der', type: 'pkcs8' });
  return { privateKey, publicKey: createPublicKey(privateKey) };
}

export function signAnchor(keys: AnchorKeys, at: string, heads: Readonly<Record<string, ChainHead>>): Anchor {
  return { at, heads, signature: sign(null, anchorContent(at, heads), keys.privateKey).toString('hex') };
}

/** False for an anchor that this installation's key did not sign. */
export function isGenuineAnchor(keys: Pick<AnchorKeys, 'publicKey'>, anchor: Anchor): boolean {
  const signature = Buffer.from(anchor.signature, 'hex');
  return verify(null, anchorContent(anchor.at, anchor.heads), keys.publicKey, signature);
}

function anchorContent(at: string, heads: Readonly<Record<string, ChainHead>>): Buffer {
  return Buffer.from(canonicalJson({ at, heads }));
}
