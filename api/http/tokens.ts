import { createHash, randomBytes } from 'node:crypto';

/** 256 random bits each: a plain SHA-256 of them is safe at rest. The prefix tells kinds (and secret scanners) apart. */
const PREFIX = { session: 'mxs_', apiKey: 'mxk_' } as const;

export type TokenKind = keyof typeof PREFIX;

export interface FreshToken {
  /** Shown once, never stored. */
  readonly token: string;
  readonly hash: Buffer;
}

export function newToken(kind: TokenKind): FreshToken {
  const token = PREFIX[kind] + randomBytes(32).toString('base64url');
  return { token, hash: hashToken(token) };
}

export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

export function isTokenOf(kind: TokenKind, token: string): boolean {
  return token.startsWith(PREFIX[kind]);
}
