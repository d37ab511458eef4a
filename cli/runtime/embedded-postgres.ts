import { type ChildProcess, execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import { freePort, startOnFreePorts } from './free-port';
import { spawnGuarded } from './guarded-spawn';
import { postgresBinaries } from './parts';
import { type PostgresAccount, postgresAccount, wrapForAccount } from './postgres-account';
import { killGroup, sleep, tailOf, waitForExit } from './process-tools';

const run = promisify(execFile);

export interface EmbeddedPostgresOptions {
  /** Folder of the cluster; made and initialised when it is not there, reused when it is. */
  dataDir: string;
  /** Wished port; a free one is taken when it is busy. */
  port?: number;
  /** Database that shall exist after the start. */
  database?: string;
  /** Test clusters give up durability for speed; the product never does. */
  durable?: boolean;
  /** Server log lines, for the log file. */
  onLog?: (line: string) => void;
}

export interface EmbeddedPostgres {
  /** Connection string of the wished database. */
  url: string;
  port: number;
  pid: number;
  /** Resolves when the server process ends, wished or not. */
  exited: Promise<void>;
  /** Ends the server in order (fast shutdown); kills it after ten seconds. */
  close(): Promise<void>;
}

const USER = 'medex';
const SECRET_FILE = 'medex.secret';

/**
 * Settings for the job: bulk loads and set-based reviews on a small machine. synchronous_commit stays on, so a committed
 * decision survives a crash.
 */
const TUNING: Record<string, string> = {
  shared_buffers: '256MB',
  work_mem: '32MB',
  maintenance_work_mem: '128MB',
  effective_cache_size: '1GB',
  max_wal_size: '2GB',
  wal_compression: 'on',
  checkpoint_completion_target: '0.9',
  random_page_cost: '1.1',
  max_connections: '120',
  jit: 'off',
  autovacuum_naptime: '20s',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
  // Statements and error details carry values of patients; they stay out of the log file.
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
};

const VOLATILE: Record<string, string> = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  shared_buffers: '128MB',
  max_connections: '300',
  autovacuum: 'off',
};

/**
 * Starts a real Postgres 18 from the npm package's binaries: as an ordinary user directly, as root under an account that
 * is not root (Postgres refuses root).
 *
 * @throws when the binaries are missing or the server does not come up; the message carries its last words
 */
export function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  return startOnFreePorts(() => startOnce(options));
}

async function startOnce(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const binaries = postgresBinaries();
  const database = options.database ?? 'medex';
  const account = postgresAccount(options.dataDir);
  if (!existsSync(join(options.dataDir, 'PG_VERSION'))) await initialise(binaries.initdb, options.dataDir, account);
  await endLeftover(options.dataDir);

  const port = await freePort(options.port ?? 0);
  const password = readPassword(options.dataDir);
  const flags = Object.entries({ ...TUNING, ...(options.durable === false ? VOLATILE : {}) });
  const args = ['-D', options.dataDir, '-p', String(port), '-h', '127.0.0.1', '-k', ''];
  const command = wrapForAccount(
    binaries.postgres,
    [...args, ...flags.flatMap(([k, v]) => ['-c', `${k}=${v}`])],
    account,
  );
  const child = spawnGuarded(command.file, command.args, {
    ...command.identity,
    cwd: '/',
    env: { ...process.env, LC_MESSAGES: 'C' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lastWords = tailOf(child, options.onLog);
  const exited = waitForExit(child);

  const server = `postgresql://${USER}:${password}@127.0.0.1:${port}`;
  await waitUntilReady(child, `${server}/postgres`, lastWords);
  await ensureDatabase(`${server}/postgres`, database);
  return {
    url: `${server}/${database}`,
    port,
    pid: child.pid!,
    exited,
    close: () => killGroup(child.pid!, exited, { signal: 'SIGINT', only: 'leader', graceMs: 10_000 }),
  };
}

/** Makes the cluster beside its final place and moves it there when it is whole, so a killed start leaves no half one. */
async function initialise(initdb: string, dataDir: string, account: PostgresAccount | undefined): Promise<void> {
  const draft = `${dataDir}.draft-${process.pid}`;
  const secret = `${draft}.secret`;
  const password = randomUUID().replaceAll('-', '');
  mkdirSync(draft, { recursive: true, mode: 0o700 });
  writeFileSync(secret, `${password}\n`, { mode: 0o600 });
  if (account !== undefined) for (const path of [draft, secret]) chownSync(path, account.uid, account.gid);
  const args = [`--pgdata=${draft}`, '--auth=scram-sha-256', `--username=${USER}`, `--pwfile=${secret}`];
  // Needs no system locale, sorts by code point everywhere and still knows Cyrillic upper and lower case.
  args.push('--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C');
  const command = wrapForAccount(initdb, [...args, '--no-instructions'], account);
  try {
    await run(command.file, command.args, { ...command.identity, cwd: '/', env: { ...process.env, LC_ALL: 'C' } });
    writeFileSync(join(draft, SECRET_FILE), password, { mode: 0o600 });
    renameSync(draft, dataDir);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    const detail = (error as { stderr?: string }).stderr ?? '';
    throw new Error(`Embedded Postgres: initdb failed in ${dataDir}: ${detail.trim()}`, { cause: error });
  } finally {
    rmSync(secret, { force: true });
  }
}

function readPassword(dataDir: string): string {
  return readFileSync(join(dataDir, SECRET_FILE), 'utf8').trim();
}

/**
 * A server left behind by a supervisor that was killed hard still owns the folder: end it before starting anew. The pid
 * file's time of writing guards against a reused process number.
 */
async function endLeftover(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  if (!existsSync(file)) return;
  const pid = Number(readFileSync(file, 'utf8').split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 1 || !isPostgres(pid, dataDir)) return;
  process.kill(pid, 'SIGINT');
  for (let tries = 0; tries < 150 && existsSync(file); tries++) await sleep(100);
}

function isPostgres(pid: number, dataDir: string): boolean {
  try {
    process.kill(pid, 0);
    const commandLine = `/proc/${pid}/cmdline`;
    return !existsSync('/proc/self') || readFileSync(commandLine, 'utf8').includes(dataDir);
  } catch {
    return false;
  }
}

async function waitUntilReady(child: ChildProcess, url: string, lastWords: () => string): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    if (child.exitCode !== null || child.signalCode !== null) {
      throw new Error(`Embedded Postgres ended at start:\n${lastWords()}`);
    }
    const client = new Client({ connectionString: url, connectionTimeoutMillis: 2000 });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`Embedded Postgres does not answer: ${lastWords()}`, { cause: error });
      await sleep(40);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl });
  await client.connect();
  try {
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name]);
    if (known.rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`);
  } finally {
    await client.end();
  }
}
