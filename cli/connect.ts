import type { Config } from '../config';
import { connectTemporal } from '../activities/temporal';
import type { TemporalClient, TemporalOptions } from '../activities/temporal';

/** The Temporal of the environment. Throws with the name of the variable that is missing. */
export function temporalOf(config: Config): TemporalOptions {
  if (config.TEMPORAL_ADDRESS === undefined) {
    throw new Error('TEMPORAL_ADDRESS is not set: it names the Temporal server, e.g. 127.0.0.1:7233');
  }
  return { address: config.TEMPORAL_ADDRESS, namespace: config.TEMPORAL_NAMESPACE, secret: config.MEDEX_SECRET };
}

/** Runs one command with a Temporal client and closes it whatever happens. */
export async function withTemporal<T>(config: Config, work: (temporal: TemporalClient) => Promise<T>): Promise<T> {
  const temporal = await connectTemporal(temporalOf(config));
  try {
    return await work(temporal);
  } finally {
    await temporal.close();
  }
}

export function databaseUrlOf(config: Config): string {
  if (config.DATABASE_URL !== undefined) return config.DATABASE_URL;
  throw new Error('DATABASE_URL is not set: it names the Postgres database, e.g. postgresql://user:secret@host/medex');
}

/** Resolves at the first SIGTERM or SIGINT: the process then drains and ends by itself. */
export function untilToldToStop(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
