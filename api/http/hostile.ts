import type { InputFault } from './input-fault';

/** Deeper than any honest document; bounds the walk and everything behind it. */
const MAX_DEPTH = 32;
const FORBIDDEN_KEYS = new Set(['__proto__', 'constructor', 'prototype']);
// With the u flag a pair is one code point, so only a lone half matches.
const LONE_SURROGATE = /\p{Surrogate}/u;
// oxlint-disable-next-line no-control-regex
const NUL = /\u0000/;

/**
 * Finds what no schema thinks of and what Postgres answers with a failure or a silent change: U+0000 (22021 in text,
 * 22P05 in jsonb), lone surrogates (22P02 in jsonb, U+FFFD in text), keys that reach prototypes, endless nesting.
 * `root` names the part of the request: 'body', 'query' or 'params'.
 */
export function findHostile(value: unknown, root: string): InputFault | null {
  return walk(value, root, 0);
}

function walk(value: unknown, path: string, depth: number): InputFault | null {
  if (typeof value === 'string') return textFault(value, path);
  if (value === null || typeof value !== 'object') return null;
  if (depth > MAX_DEPTH) return { path, rule: 'max-depth', limit: MAX_DEPTH };
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) {
      const fault = walk(value[index], `${path}[${index}]`, depth + 1);
      if (fault !== null) return fault;
    }
    return null;
  }
  for (const [key, item] of Object.entries(value)) {
    if (FORBIDDEN_KEYS.has(key)) return { path: `${path}.${key}`, rule: 'forbidden-key' };
    const keyFault = textFault(key, path);
    if (keyFault !== null) return { path, rule: 'unsafe-key' };
    const fault = walk(item, `${path}.${key}`, depth + 1);
    if (fault !== null) return fault;
  }
  return null;
}

function textFault(value: string, path: string): InputFault | null {
  if (NUL.test(value)) return { path, rule: 'no-nul' };
  return LONE_SURROGATE.test(value) ? { path, rule: 'well-formed-text' } : null;
}
