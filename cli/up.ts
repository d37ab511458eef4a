import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { findWorldFiles } from '../activities/intake/load-world';
import { connectTemporal } from '../activities/temporal';
import { loadConfig } from '../config';
import { packageRoot } from '../prisma/files';
import { createPool } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { progressDisplay } from './batch-progress';
import { startBatch, triggerSchedule, watchBatch } from './batch-run';
import type { BatchWatch } from './batch-run';
import { summarise, summaryText } from './batch-summary';
import { ensureDemoLogins } from './demo-logins';
import { writeFindings } from './findings';
import { defaultDataDir } from './installation';
import type { Connection } from './installation';
import { loadOnce, markReviewed } from './loaded-world';
import { claimDataDir } from './runtime/data-dir';
import type { DataDir } from './runtime/data-dir';
import { closeOnSignals, createSupervisor } from './runtime/supervisor';
import { ensureSchedules } from './schedules';
import { localUrl, startApiProcess, startServers, startWorkerProcesses } from './up-services';
import type { ServicesInput } from './up-services';

interface UpFlags {
  readonly world?: string;
  readonly dataDir?: string;
  readonly once?: boolean;
  readonly out?: string;
  readonly port?: number;
  readonly json?: boolean;
}

const DEMO_WORLD = join('demo', 'world');
const WISHED_PORT = 8080;

/** `medex up`, which `npm start` runs: the whole product on one machine, with nothing but a folder of data. */
export function registerUpCommand(program: Command): void {
  program
    .command('up')
    .description('поднять всё: базу, процессы, API, и проверить счета / bring everything up and review the invoices')
    .option('--world <dir>', 'world folder to load (default: the demo insurer)')
    .option('--data-dir <dir>', 'folder of the data (default: .medex/data)')
    .option('--once', 'review, write the findings and end; no API')
    .option('--out <file>', 'write the findings as CSV')
    .option('--port <port>', `port of the API (default: ${WISHED_PORT}; a free one when it is busy)`, portOf)
    .option('--json', 'print the summary as JSON')
    .action(async (flags: UpFlags, command: Command) => {
      const dataDir = flags.dataDir ?? command.parent?.opts<{ dataDir?: string }>().dataDir;
      await up({ ...flags, dataDir });
    });
}

async function up(flags: UpFlags): Promise<void> {
  const world = resolve(flags.world ?? join(packageRoot(), DEMO_WORLD));
  // Before anything is started: a mistyped path is told at once.
  await findWorldFiles(world);
  if (flags.out !== undefined) await mkdir(dirname(resolve(flags.out)), { recursive: true });
  const env = loadConfig();
  const data = await claimDataDir(resolve(flags.dataDir ?? defaultDataDir()));
  const say = (text: string): void => void process.stderr.write(`${text}\n`);
  const supervisor = createSupervisor((event) => {
    data.noteProcesses(supervisor.processes());
    if (event.kind === 'died') say(`  ${event.name}: остановился, запускаю снова / died, starting again`);
  });
  closeOnSignals(supervisor, () => say('\nОстанавливаю / stopping ...'));
  void supervisor.closed.then(() => data.release());
  const input: ServicesInput = { supervisor, data, env: given(env), onLog: logFiles(data) };
  try {
    say(`Данные / data: ${data.path}`);
    const connection = await startServers(input);
    const pool = createPool({
      connectionString: connection.databaseUrl,
      applicationName: 'medex-up',
      max: 4,
      statementTimeoutMs: 0,
    });
    try {
      await run({ flags, world, pool, connection, input, say });
    } finally {
      await pool.end();
    }
  } catch (error) {
    await supervisor.close();
    throw error;
  }
  if (flags.once === true) {
    await supervisor.close();
    return;
  }
  await supervisor.closed;
}

interface Run {
  readonly flags: UpFlags;
  readonly world: string;
  readonly pool: Pool;
  readonly connection: Connection;
  readonly input: ServicesInput;
  readonly say: (text: string) => void;
}

async function run({ flags, world, pool, connection, input, say }: Run): Promise<void> {
  const once = flags.once === true;
  const loaded = await loadOnce(pool, input.data.path, world, say);
  // The API first: the links that workers send carry the port that it got.
  const wished = flags.port ?? WISHED_PORT;
  const port = once ? wished : await startApiProcess(input, connection, wished);
  const env = { ...input.env, PUBLIC_URL: input.env.PUBLIC_URL ?? localUrl(port) };
  await startWorkerProcesses({ ...input, env }, connection);
  const temporal = await connectTemporal({
    address: connection.temporalAddress,
    namespace: connection.temporalNamespace,
    secret: connection.secret,
  });
  try {
    await ensureSchedules(temporal.client);
    if (!loaded.reviewed) {
      say('Пакетная проверка / batch review');
      // The data's own key: run again after a kill it goes on with its batch; other data in the same database is another.
      const key = once
        ? await startBatch(temporal.client, `once/${loaded.digest.slice(0, 32)}`)
        : await triggerSchedule(temporal.client);
      const display = progressDisplay(false);
      const watch = await watchBatch({ client: temporal.client, pool }, key, display.show).finally(display.stop);
      await printSummary(pool, watch, flags.json === true);
      markReviewed(input.data.path);
    }
    if (flags.out !== undefined) {
      const written = await writeFindings(pool, resolve(flags.out), { batchId: null, locale: 'ru' });
      say(`Замечания / findings: ${written} -> ${flags.out}`);
    }
    if (!once) await printAddress(pool, input.data.path, port, flags.world === undefined, say);
  } finally {
    await temporal.close();
  }
}

async function printSummary(pool: Pool, watch: BatchWatch, json: boolean): Promise<void> {
  if (watch.batch === null) {
    process.stdout.write(json ? '{"lines":0}\n' : 'Новых счетов нет / nothing to review\n');
    return;
  }
  const summary = await summarise(pool, watch.batch);
  process.stdout.write(json ? `${JSON.stringify(summary)}\n` : `\n${summaryText(summary)}\n\n`);
}

async function printAddress(
  pool: Pool,
  dataDir: string,
  port: number,
  isDemo: boolean,
  say: (text: string) => void,
): Promise<void> {
  say(`Адрес / address: ${localUrl(port)}  (API: /docs)`);
  if (isDemo) {
    const { password, logins } = await ensureDemoLogins(pool, dataDir);
    say(`Вход / logins, пароль / password: ${password}`);
    for (const { login, role, fullName } of logins)
      say(`  ${login.padEnd(12)} ${role}${fullName ? `, ${fullName}` : ''}`);
  }
  say('Остановить / stop: Ctrl-C');
}

/** What the environment gives; defaults do not count: an installation has its own secret, and its own port. */
function given(env: ReturnType<typeof loadConfig>): Record<string, string | undefined> {
  const own = <T>(value: T, standard: T): T | undefined => (value === standard ? undefined : value);
  return {
    DATABASE_URL: env.DATABASE_URL,
    TEMPORAL_ADDRESS: env.TEMPORAL_ADDRESS,
    TEMPORAL_NAMESPACE: env.TEMPORAL_NAMESPACE,
    MEDEX_SECRET: own(env.MEDEX_SECRET, 'medex-development-secret'),
    LOG_LEVEL: own(env.LOG_LEVEL, 'info'),
    PUBLIC_URL: own(env.PUBLIC_URL, 'http://127.0.0.1:8080'),
  };
}

/** Each service writes to its own file; old lines of the last run are dropped. */
function logFiles(data: DataDir): (service: string, line: string) => void {
  const files = new Map<string, ReturnType<typeof createWriteStream>>();
  return (service, line) => {
    let file = files.get(service);
    if (file === undefined) {
      file = createWriteStream(join(data.logs, `${service}.log`), { mode: 0o600 });
      files.set(service, file);
    }
    file.write(`${line}\n`);
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (!/^\d+$/.test(text) || port > 65_535) throw new InvalidArgumentError('a port from 0 to 65535');
  return port;
}
