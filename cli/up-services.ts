import { cpus } from 'node:os';
import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { applyMigrations } from '../prisma/migrate';
import { FLOW_QUEUE, ML_QUEUE, REVIEW_QUEUE } from '../workflows/messages';
import { environmentOf, installationSecret, writeConnection } from './installation';
import type { Connection } from './installation';
import type { DataDir } from './runtime/data-dir';
import { startEmbeddedPostgres } from './runtime/embedded-postgres';
import { freePort, startOnFreePorts } from './runtime/free-port';
import { nodeProcess } from './runtime/node-process';
import type { Supervisor } from './runtime/supervisor';
import { prepareNamespace } from './runtime/temporal-namespace';
import { startTemporalServer } from './runtime/temporal-server';

export interface ServicesInput {
  readonly supervisor: Supervisor;
  readonly data: DataDir;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly onLog: (service: string, line: string) => void;
}

const NAMESPACE = 'medex';

/** Postgres and Temporal: the user's own when the environment names them, otherwise embedded ones; then the schema. */
export async function startServers({ supervisor, data, env, onLog }: ServicesInput): Promise<Connection> {
  const databaseUrl =
    env.DATABASE_URL ??
    (
      await supervisor.add({
        name: 'postgres',
        start: (before?: Awaited<ReturnType<typeof startEmbeddedPostgres>>) =>
          startEmbeddedPostgres({
            dataDir: data.postgres,
            port: before?.port,
            onLog: (line) => onLog('postgres', line),
          }),
      })
    ).url;
  const temporal =
    env.TEMPORAL_ADDRESS === undefined
      ? await supervisor.add({
          name: 'temporal',
          start: (before?: Awaited<ReturnType<typeof startTemporalServer>>) =>
            startTemporalServer({
              dbFile: data.temporalFile,
              namespace: NAMESPACE,
              port: before === undefined ? undefined : Number(before.address.split(':')[1]),
              onLog: (line) => onLog('temporal', line),
            }),
        })
      : await ownTemporal(env.TEMPORAL_ADDRESS, env.TEMPORAL_NAMESPACE ?? 'default');
  await applyMigrations(databaseUrl);
  const spoolDir = join(data.path, 'spool');
  mkdirSync(spoolDir, { recursive: true, mode: 0o700 });
  const connection: Connection = {
    databaseUrl,
    temporalAddress: temporal.address,
    temporalNamespace: temporal.namespace,
    secret: env.MEDEX_SECRET ?? installationSecret(data.path),
    spoolDir,
  };
  writeConnection(data.path, connection);
  return connection;
}

/** The user's own server: the namespace is made when it is not there. */
async function ownTemporal(address: string, namespace: string): Promise<{ address: string; namespace: string }> {
  await prepareNamespace({ address, namespace, searchAttributes: {} });
  return { address, namespace };
}

/** One process for workflows and models, and as many for chunks as the machine has processors (four at most). */
export async function startWorkerProcesses(input: ServicesInput, connection: Connection): Promise<void> {
  const reviewers = Math.max(1, Math.min(4, cpus().length));
  await Promise.all([
    input.supervisor.add(child(input, connection, 'worker', ['worker', '--queues', `${FLOW_QUEUE},${ML_QUEUE}`])),
    ...Array.from({ length: reviewers }, (_, index) =>
      input.supervisor.add(child(input, connection, `reviewer-${index + 1}`, ['worker', '--queues', REVIEW_QUEUE])),
    ),
  ]);
}

/** The API on the wished port, or on a free one when that is taken; returns the port that it got. */
export async function startApiProcess(input: ServicesInput, connection: Connection, wished: number): Promise<number> {
  let port = wished;
  await startOnFreePorts(async () => {
    port = await freePort(wished);
    const own = { ...input, env: { ...input.env, PUBLIC_URL: input.env.PUBLIC_URL ?? localUrl(port) } };
    await input.supervisor.add(child(own, connection, 'api', ['api', '--port', String(port)]));
  });
  return port;
}

/** The API's address for this machine. */
export function localUrl(port: number): string {
  return `http://127.0.0.1:${port}`;
}

/** The same program again, as a child that ends with this process. */
function child(input: ServicesInput, connection: Connection, name: string, args: string[]) {
  return nodeProcess({
    name,
    args: [...process.execArgv, require.resolve('./index'), ...args],
    env: {
      ...environmentOf(connection),
      ...(input.env.PUBLIC_URL === undefined ? {} : { PUBLIC_URL: input.env.PUBLIC_URL }),
      LOG_LEVEL: input.env.LOG_LEVEL ?? 'warn',
    },
    ready: 'message',
    onLog: (line) => input.onLog(name, line),
  });
}
