import { z } from 'zod';

const flag = z.enum(['true', 'false', '1', '0']).transform((value) => value === 'true' || value === '1');
const count = z.string().regex(/^\d+$/).transform(Number).pipe(z.int());
/** A variable that holds JSON. */
export const jsonText = z.string().transform((value, ctx) => {
  try {
    return JSON.parse(value) as unknown;
  } catch {
    ctx.addIssue({ code: 'custom', message: 'must be a JSON object' });
    return z.NEVER;
  }
});
const jsonMap = jsonText.pipe(z.record(z.string(), z.string()));

/** Environment of the API process; spread into the one schema of `config.ts`. */
export const apiEnv = {
  HOST: z.string().default('127.0.0.1'),
  PORT: count.default(8080),
  /** Signs audit anchors and keys the stored answers; shared by all API processes of one installation. */
  MEDEX_SECRET: z.string().min(16).default('medex-development-secret'),
  /** Set behind TLS: session cookies get `Secure`, browsers are told to stay on https. */
  COOKIE_SECURE: flag.default(false),
  /** Number of proxies in front whose X-Forwarded-For is believed. */
  TRUST_PROXY: count.default(0),
  RATE_LIMIT_PER_MINUTE: count.default(1_200),
  RATE_LIMIT_ANONYMOUS_PER_MINUTE: count.default(300),
  LOGIN_MAX_FAILURES: count.default(10),
  LOGIN_LOCK_MINUTES: count.default(15),
  SESSION_IDLE_MINUTES: count.default(60),
  SESSION_MAX_HOURS: count.default(12),
  /** Webhooks may go to plain http: only for a gateway inside the operator's network. */
  WEBHOOK_ALLOW_HTTP: flag.default(false),
  OIDC_ISSUER: z.url().optional(),
  OIDC_AUDIENCE: z.string().optional(),
  /** Default: <issuer>/.well-known/jwks.json */
  OIDC_JWKS_URL: z.url().optional(),
  OIDC_ROLE_CLAIM: z.string().default('roles'),
  /** JSON object: value of the claim -> role here. Without it the claim has to be a role's name. */
  OIDC_ROLE_MAP: jsonMap.optional(),
};
