import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { apiEnv, jsonText } from './api/config';
import { gateLimitsSchema } from './models/underwriting/gate-limits';

const schema = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  DATABASE_URL: z.string().optional(),
  TEMPORAL_ADDRESS: z.string().optional(),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  /** Connections of this process; the sum over processes stays under max_connections. */
  DATABASE_POOL: z.string().regex(/^\d+$/).transform(Number).pipe(z.int().min(2).max(200)).default(10),
  /** Where uploads wait until they are taken in; API and workers of one installation share it. */
  MEDEX_SPOOL_DIR: z.string().default(join(tmpdir(), 'medex-spool')),
  /** Folder of the insurer's signing key; made on first use. */
  MEDEX_KEY_DIR: z.string().default(join(tmpdir(), 'medex-keys')),
  /** Who signs letters: the insurer's own RSA key, a ГОСТ key through openssl, or a provider over HTTP. */
  SIGNER: z.enum(['cms-rsa', 'cms-gost', 'external']).default('cms-rsa'),
  SIGNER_GOST_KEY: z.string().optional(),
  SIGNER_GOST_CERTIFICATE: z.string().optional(),
  SIGNER_URL: z.url().optional(),
  SIGNER_TOKEN: z.string().optional(),
  /** Address under which people outside reach the API: QR codes and survey links carry it. */
  PUBLIC_URL: z.url().default('http://127.0.0.1:8080'),
  /** Mail server of survey messages, `smtp[s]://user:password@host:port`, `?tls=required`; none: the file outbox. */
  SURVEY_SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  /** File with the trusted root of an own mail server, PEM. */
  SURVEY_SMTP_CA: z.string().optional(),
  SURVEY_MAIL_FROM: z.email().optional(),
  /** HTTP gateways of SMS and push messages; none: the file outbox. */
  SURVEY_SMS_URL: z.url({ protocol: /^https?$/ }).optional(),
  SURVEY_SMS_TOKEN: z.string().optional(),
  SURVEY_PUSH_URL: z.url({ protocol: /^https?$/ }).optional(),
  SURVEY_PUSH_TOKEN: z.string().optional(),
  /** JSON object: limits of the model gate that stand in this installation in the place of the product's own. */
  GATE_LIMITS: jsonText.pipe(gateLimitsSchema).optional(),
  /** For `medex user add`: keeps the password out of the process list. */
  MEDEX_PASSWORD: z.string().optional(),
  ...apiEnv,
});

export type Config = Readonly<z.output<typeof schema>>;

/**
 * The environment, parsed once at start and frozen; nothing else reads `process.env`.
 * Throws one error that names every unfit variable and what it should be.
 */
export function loadConfig(env: Record<string, string | undefined> = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `  ${issue.path.join('.')}: ${issue.message}`);
    throw new Error(`Unfit environment:\n${lines.join('\n')}`);
  }
  const config = parsed.data;
  if ((config.SURVEY_SMTP_URL === undefined) !== (config.SURVEY_MAIL_FROM === undefined)) {
    throw new Error('Unfit environment:\n  SURVEY_SMTP_URL and SURVEY_MAIL_FROM: one needs the other');
  }
  if (config.NODE_ENV === 'production' && config.MEDEX_SECRET === 'medex-development-secret') {
    throw new Error(
      'Unfit environment:\n  MEDEX_SECRET: production needs a secret of its own (at least 16 characters)',
    );
  }
  return Object.freeze(config);
}
