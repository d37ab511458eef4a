import { Client, Connection } from '@temporalio/client';
import { createDataConverter } from './codec/converter';

export interface TemporalOptions {
  readonly address: string;
  readonly namespace: string;
  /** Encrypts payloads; the same for every client and worker of an installation. */
  readonly secret: string;
}

export interface TemporalClient {
  readonly client: Client;
  readonly close: () => Promise<void>;
}

/** A client whose payloads are encrypted. Throws when the server does not answer within the time. */
export async function connectTemporal(options: TemporalOptions, connectTimeoutMs = 10_000): Promise<TemporalClient> {
  const connection = await Connection.connect({ address: options.address, connectTimeout: connectTimeoutMs });
  const client = new Client({
    connection,
    namespace: options.namespace,
    dataConverter: createDataConverter(options.secret),
  });
  return { client, close: () => connection.close() };
}
