import { execFileSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isAlive, sleep } from './process-tools';

/** The folder that holds everything of one installation, claimed by the process that uses it. */
export interface DataDir {
  path: string;
  postgres: string;
  temporalFile: string;
  logs: string;
  /** Notes which children run, so that the next start can end what a hard kill left behind. */
  noteProcesses(processes: { name: string; pid: number }[]): void;
  release(): void;
}

interface Note {
  supervisor: number;
  children: { pid: number; command: string }[];
}

/** Others may pass through a folder that root made, since root's Postgres runs under another account; nobody reads it. */
const FOLDER_MODE = process.getuid?.() === 0 ? 0o711 : 0o700;

/**
 * Claims the folder for this process; ends leftovers of an earlier supervisor that died together with its guard.
 *
 * @throws when the folder cannot be made or written, and when another living supervisor uses it
 */
export async function claimDataDir(path: string): Promise<DataDir> {
  makeFolders(path);
  const file = join(path, 'running.json');
  const left = readNote(file);
  if (left !== undefined) {
    if (left.supervisor !== process.pid && isAlive(left.supervisor) && looksLikeMedex(left.supervisor)) {
      throw new Error(
        `${path} занята процессом ${left.supervisor} / is in use by process ${left.supervisor}: stop it, or choose another --data-dir`,
      );
    }
    await endLeftovers(left);
  }
  const note = (children: Note['children']): void =>
    writeFileSync(file, JSON.stringify({ supervisor: process.pid, children } satisfies Note));
  note([]);
  return {
    path,
    postgres: join(path, 'postgres'),
    temporalFile: join(path, 'temporal.db'),
    logs: join(path, 'logs'),
    noteProcesses: (processes) => note(processes.map(({ pid }) => ({ pid, command: commandOf(pid) }))),
    release: () => rmSync(file, { force: true }),
  };
}

/** Only a folder that is made here gets its rights from here; logs and workflow histories are the owner's in any. */
function makeFolders(path: string): void {
  const logs = join(path, 'logs');
  const temporalFile = join(path, 'temporal.db');
  try {
    mkdirSync(path, { recursive: true, mode: FOLDER_MODE });
    mkdirSync(logs, { recursive: true, mode: 0o700 });
    chmodSync(logs, 0o700);
    if (existsSync(temporalFile)) chmodSync(temporalFile, 0o600);
    accessSync(path, constants.W_OK);
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code ?? 'unknown';
    throw new Error(`В ${path} нельзя писать (${why}) / the data folder cannot be written: choose another --data-dir`, {
      cause: error,
    });
  }
}

function readNote(file: string): Note | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Note;
  } catch {
    return undefined;
  }
}

/** A process number may have been given to somebody else meanwhile: only the same command line counts as ours. */
async function endLeftovers(left: Note): Promise<void> {
  const ours = left.children.filter(({ pid, command }) => command !== '' && isAlive(pid) && commandOf(pid) === command);
  for (const { pid } of ours) process.kill(pid, 'SIGINT');
  for (let tries = 0; tries < 60 && ours.some(({ pid }) => isAlive(pid)); tries++) await sleep(100);
  for (const { pid } of ours.filter((child) => isAlive(child.pid))) process.kill(pid, 'SIGKILL');
}

function looksLikeMedex(pid: number): boolean {
  return /node|medex/.test(commandOf(pid));
}

function commandOf(pid: number): string {
  try {
    if (existsSync('/proc/self/cmdline'))
      return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
}
