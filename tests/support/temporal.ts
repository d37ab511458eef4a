import { startTemporalServer } from '../../cli/runtime/temporal-server';

/** The Temporal of one test run: a dev server in memory, or the server that TEMPORAL_ADDRESS names. */
export interface TemporalOfRun {
  address: string;
  namespace: string;
  close(): Promise<void>;
}

export async function startTemporalOfRun(): Promise<TemporalOfRun> {
  const address = process.env.TEMPORAL_ADDRESS;
  const namespace = process.env.TEMPORAL_NAMESPACE ?? 'default';
  if (address !== undefined && address !== '') return { address, namespace, close: () => Promise.resolve() };
  return startTemporalServer({ namespace: 'medex-test' });
}
