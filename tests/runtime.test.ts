import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from '@temporalio/client';
import { Client } from 'pg';
import { claimDataDir } from '../cli/runtime/data-dir';
import { startEmbeddedPostgres } from '../cli/runtime/embedded-postgres';
import { freePort, freePorts, startOnFreePorts } from '../cli/runtime/free-port';
import { spawnGuarded } from '../cli/runtime/guarded-spawn';
import { nodeProcess } from '../cli/runtime/node-process';
import { isAlive, killGroup, sleep, waitForExit } from '../cli/runtime/process-tools';
import { createSupervisor, type SupervisorEvent } from '../cli/runtime/supervisor';
import { prepareNamespace } from '../cli/runtime/temporal-namespace';
import { startTemporalServer } from '../cli/runtime/temporal-server';

const folder = mkdtempSync(join(tmpdir(), 'medex-runtime-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 1800; tries++) {
    if (await condition()) return;
    await sleep(50);
  }
  throw new Error('did not happen within 90 s');
}

describe('ports', () => {
  test('a busy wished port is replaced by a free one', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const { port } = busy.address() as { port: number };
    expect(await freePort(port)).not.toBe(port);
    busy.close();
    await once(busy, 'close');
    expect(await freePort(port)).toBe(port);
  });

  test('a port that was taken between asking and binding is asked for again, any other failure is not', async () => {
    const busy = createServer().listen(0, '127.0.0.1');
    await once(busy, 'listening');
    const { port: taken } = busy.address() as { port: number };
    const ports = [taken, taken, 0];
    const bound = await startOnFreePorts(async () => {
      const server = createServer().listen(ports.shift(), '127.0.0.1');
      await once(server, 'listening');
      return server;
    });
    expect(ports).toEqual([]);
    bound.close();
    let tries = 0;
    const failing = startOnFreePorts(() => {
      tries += 1;
      return Promise.reject(new Error('no such folder'));
    });
    await expect(failing).rejects.toThrow('no such folder');
    expect(tries).toBe(1);
    busy.close();
  });

  test('ports asked for together differ', async () => {
    expect(new Set(await freePorts(20)).size).toBe(20);
  });
});

describe('embedded Postgres', () => {
  test('keeps its data over restarts, also after kill -9', async () => {
    const dataDir = join(folder, 'pg');
    const first = await startEmbeddedPostgres({ dataDir });
    const before = new Client({ connectionString: first.url });
    before.on('error', () => undefined);
    await before.connect();
    await before.query('CREATE TABLE kept (n int); INSERT INTO kept VALUES (42)');
    process.kill(first.pid, 'SIGKILL');
    await first.exited;

    const second = await startEmbeddedPostgres({ dataDir, port: first.port });
    const after = new Client({ connectionString: second.url });
    await after.connect();
    const rows = await after.query<{ n: number }>('SELECT n FROM kept');
    const commits = await after.query<{ synchronous_commit: string }>('SHOW synchronous_commit');
    await after.end();
    await second.close();
    expect(rows.rows).toEqual([{ n: 42 }]);
    expect(commits.rows[0]?.synchronous_commit).toBe('on');
    expect(isAlive(second.pid)).toBe(false);
  });
});

describe('Temporal dev server', () => {
  test('starts again on its file with the same namespace and search attributes', async () => {
    const options = {
      dbFile: join(folder, 'temporal.db'),
      namespace: 'kept',
      searchAttributes: { MedexStage: 'Keyword' as const },
    };
    for (let start = 0; start < 2; start++) {
      const server = await startTemporalServer(options);
      // The user's own server is prepared by calls instead of flags: twice, the second time there is nothing to do.
      const mine = { address: server.address, namespace: 'mine', searchAttributes: { MedexStage: 'Keyword' as const } };
      await prepareNamespace(mine);
      await prepareNamespace(mine);
      expect(await searchAttributesOf(server.address, 'kept')).toContain('MedexStage');
      expect(await searchAttributesOf(server.address, 'mine')).toContain('MedexStage');
      await server.close();
      expect(isAlive(server.pid)).toBe(false);
    }
    expect(existsSync(options.dbFile)).toBe(true);
  });
});

describe('the supervisor', () => {
  const script = (body: string): string => {
    const file = join(folder, `${Math.random().toString(36).slice(2)}.cjs`);
    writeFileSync(file, body);
    return file;
  };
  const obedient = script(
    `process.on('SIGTERM', () => process.exit(0)); process.send('ready'); setInterval(() => {}, 1000);`,
  );

  test('starts a killed child again and tells about it', async () => {
    const events: SupervisorEvent[] = [];
    const supervisor = createSupervisor((event) => events.push(event));
    const first = await supervisor.add(nodeProcess({ name: 'worker', args: [obedient], ready: 'message' }));
    process.kill(first.pid!, 'SIGKILL');
    await until(() => events.filter((event) => event.kind === 'started').length === 2);
    const [now] = supervisor.processes();
    expect(events.map((event) => event.kind)).toEqual(['started', 'died', 'started']);
    expect(now?.pid).not.toBe(first.pid);
    await supervisor.close();
    expect(isAlive(now!.pid)).toBe(false);
  });

  test('pauses grow while a child dies at every start', async () => {
    const pauses: number[] = [];
    const file = join(folder, 'once');
    const dies = script(`
      const fs = require('node:fs');
      if (fs.existsSync(${JSON.stringify(file)})) process.exit(1);
      fs.writeFileSync(${JSON.stringify(file)}, ''); process.send('ready'); setTimeout(() => process.exit(1), 50);`);
    const supervisor = createSupervisor((event) => {
      if ('restartInMs' in event) pauses.push(event.restartInMs);
    });
    await supervisor.add(nodeProcess({ name: 'worker', args: [dies], ready: 'message' }));
    await until(() => pauses.length >= 3);
    await supervisor.close();
    expect(pauses.slice(0, 3)).toEqual([200, 400, 800]);
  });

  test('a first start that fails is an error with the last words of the child', async () => {
    const dies = script(`console.error('no such queue'); process.exit(3);`);
    const supervisor = createSupervisor();
    const start = supervisor.add(nodeProcess({ name: 'worker', args: [dies], ready: 'message' }));
    await expect(start).rejects.toThrow(/worker ended at start:\nno such queue/);
    await supervisor.close();
  });

  test('ends everything in reverse order of starting', async () => {
    const order: string[] = [];
    const supervisor = createSupervisor();
    for (const name of ['database', 'worker', 'api']) {
      const close = (): Promise<void> => {
        order.push(name);
        return Promise.resolve();
      };
      await supervisor.add({ name, start: () => Promise.resolve({ close }) });
    }
    await Promise.all([supervisor.close(), supervisor.close()]);
    await supervisor.closed;
    expect(order).toEqual(['api', 'worker', 'database']);
  });

  test('a child that ignores the polite signal is killed with its own children', async () => {
    const file = join(folder, 'stubborn');
    const child = spawnGuarded('/bin/sh', ['-c', `trap '' TERM; sleep 300 & echo $! > ${file}; wait; sleep 300`], {
      stdio: 'ignore',
    });
    await until(() => existsSync(file) && readFileSync(file, 'utf8').trim() !== '');
    const grandchild = Number(readFileSync(file, 'utf8'));
    await killGroup(child.pid!, waitForExit(child), { only: 'leader', graceMs: 300 });
    await until(() => !isRunning(grandchild));
    expect(isRunning(child.pid!)).toBe(false);
  });

  test('kill -9 of the supervisor leaves no child and no grandchild', async () => {
    const parent = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'support', 'hard-parent.ts')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pids = line.toString().trim().split(' ').map(Number);
    expect(pids.map(isRunning)).toEqual([true, true]);
    parent.kill('SIGKILL');
    try {
      await until(() => !pids.some(isRunning));
    } finally {
      for (const pid of pids.filter(isRunning)) process.kill(pid, 'SIGKILL');
    }
  });
});

describe('the data folder', () => {
  test('is readable by its owner only, logs and workflow histories too, also where an older start left them open', async () => {
    const path = join(folder, 'with space и буквы', 'data');
    mkdirSync(join(path, 'logs'), { recursive: true, mode: 0o755 });
    writeFileSync(join(path, 'temporal.db'), '', { mode: 0o644 });
    const dir = await claimDataDir(path);
    expect([modeOf(dir.logs), modeOf(dir.temporalFile)]).toEqual([0o700, 0o600]);
    dir.release();
    const fresh = await claimDataDir(join(folder, 'fresh'));
    expect(modeOf(fresh.path) & 0o066).toBe(0);
    const server = await startTemporalServer({ dbFile: fresh.temporalFile, namespace: 'private' });
    expect(modeOf(fresh.temporalFile)).toBe(0o600);
    await server.close();
    expect(isAlive(server.pid)).toBe(false);
    fresh.release();
  });

  test('that cannot be made is refused with its name', async () => {
    const file = join(folder, 'a-file');
    writeFileSync(file, '');
    await expect(claimDataDir(join(file, 'data'))).rejects.toThrow(/a-file.*--data-dir/);
  });

  test('a second supervisor is refused while the first lives', async () => {
    const path = join(folder, 'claimed');
    const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' });
    await claimDataDir(path);
    writeFileSync(join(path, 'running.json'), JSON.stringify({ supervisor: other.pid, children: [] }));
    await expect(claimDataDir(path)).rejects.toThrow(/in use by process/);
    other.kill('SIGKILL');
    await once(other, 'exit');
    const again = await claimDataDir(path);
    again.release();
    expect(existsSync(join(path, 'running.json'))).toBe(false);
  });

  test('the next start ends what a hard kill left behind, and nobody else', async () => {
    const path = join(folder, 'left');
    const left = spawn('sleep', ['300'], { stdio: 'ignore' });
    const stranger = spawn('sleep', ['301'], { stdio: 'ignore' });
    await until(() => isRunning(left.pid!) && isRunning(stranger.pid!));
    const dir = await claimDataDir(path);
    dir.noteProcesses([{ name: 'worker', pid: left.pid! }]);
    const note = JSON.parse(readFileSync(join(path, 'running.json'), 'utf8')) as { children: object[] };
    const reused = { pid: stranger.pid, command: 'some other program' };
    writeFileSync(join(path, 'running.json'), JSON.stringify({ supervisor: 0, children: [...note.children, reused] }));
    const gone = once(left, 'exit');
    await claimDataDir(path);
    await gone;
    expect(isRunning(stranger.pid!)).toBe(true);
    stranger.kill('SIGKILL');
  });
});

async function searchAttributesOf(address: string, namespace: string): Promise<string[]> {
  const connection = await Connection.connect({ address });
  const known = await connection.operatorService.listSearchAttributes({ namespace });
  await connection.close();
  return Object.keys(known.customAttributes ?? {});
}

function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** Alive and not a zombie that only waits for its parent to look. */
function isRunning(pid: number): boolean {
  if (!isAlive(pid)) return false;
  const status = `/proc/${pid}/stat`;
  return !existsSync('/proc/self/stat') || !existsSync(status) || !/\) Z /.test(readFileSync(status, 'utf8'));
}
