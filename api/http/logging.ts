import { pino } from 'pino';
import type { DestinationStream, Logger } from 'pino';
import { isAppError } from '../../models/errors';

/**
 * Names under which personal data, medical data or secrets could reach a log line. Dropped at any depth: nobody has to
 * remember it at the call.
 */
const HIDDEN_KEYS = new Set(
  [
    'authorization cookie set-cookie password passwordHash token secret key apiKey idempotencyKey headers body payload',
    'query params rows values detail where hint login name fullName firstName lastName patronymic email phone address',
    'birthDate birth_date sex policyNo policy_no snils passport insured diagnosis diagnosisCode diagnosis_code service',
    'serviceCode itemName comment answer explanation amount amountKopecks subject filename ip userAgent url originalUrl',
  ].flatMap((names) => names.split(' ')),
);

const HIDDEN = '[hidden]';
const MAX_DEPTH = 6;

/** A copy of the record with the hidden keys censored; errors keep class, code and frames but not their message. */
export function scrub(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return describeError(value);
  if (value === null || typeof value !== 'object') return value;
  if (depth >= MAX_DEPTH) return HIDDEN;
  if (Array.isArray(value)) return value.map((item) => scrub(item, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, HIDDEN_KEYS.has(key) ? HIDDEN : scrub(item, depth + 1)]),
  );
}

/**
 * An error for the log. Messages of foreign errors may quote values (Postgres does), so only our own coded errors keep
 * their text; of the others class, code and stack frames are enough to find the place.
 */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, routine, constraint } = error as { code?: unknown; routine?: unknown; constraint?: unknown };
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof routine === 'string' ? { routine } : {}),
    ...(typeof constraint === 'string' ? { constraint } : {}),
    ...(isAppError(error) ? { text: error.text.en } : {}),
    frames: frames.slice(0, 12).map((line) => line.trim()),
    ...(error.cause === undefined ? {} : { cause: describeError(error.cause) }),
  };
}

/** The process's logger: JSON lines, scrubbed. `destination` is for tests. */
export function createLogger(
  options: { readonly level: string; readonly name: string },
  destination?: DestinationStream,
): Logger {
  const settings = {
    name: options.name,
    level: options.level,
    base: { name: options.name },
    // The formatter below has already described errors; pino's own serializer would add the message again.
    serializers: { err: (value: unknown) => (value instanceof Error ? describeError(value) : value) },
    formatters: { log: (record: Record<string, unknown>) => scrubRecord(record) },
  };
  return destination === undefined ? pino(settings) : pino(settings, destination);
}

function scrubRecord(record: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(record).map(([key, item]) => {
      if (key === 'req' || key === 'res') return [key, item];
      return [key, HIDDEN_KEYS.has(key) ? HIDDEN : scrub(item, 1)];
    }),
  );
}
