import { createHash } from 'node:crypto';
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { root } from './steps.mjs';

/** Versions of the parts, shared with cli/runtime/parts.ts. */
export const versions = JSON.parse(readFileSync(join(root, 'setup', 'parts.json'), 'utf8'));

/** What set-up fetches or builds lives here, for all clones of one user. */
export const cache = process.env.MEDEX_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'medex');

/**
 * Fills a folder of the cache exactly once: two set-ups at the same time wait for each other, and a killed one leaves
 * nothing behind that looks finished.
 *
 * @param {string} name folder in the cache
 * @param {(draft: string) => Promise<void>} fill puts the content into the draft folder
 * @returns {Promise<string>} the folder
 */
export async function cached(name, fill) {
  const folder = join(cache, name);
  if (existsSync(folder)) return folder;
  await locked(join(cache, `${name}.lock`), async () => {
    if (existsSync(folder)) return;
    const draft = join(cache, `${name}.draft-${process.pid}`);
    rmSync(draft, { recursive: true, force: true });
    mkdirSync(draft, { recursive: true });
    try {
      await fill(draft);
      renameSync(draft, folder);
    } finally {
      rmSync(draft, { recursive: true, force: true });
    }
  });
  return folder;
}

/**
 * Holds a lock file while working; the lock of a dead process does not count.
 *
 * @template T
 * @param {string} file @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function locked(file, work) {
  mkdirSync(dirname(file), { recursive: true });
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (isStale(file)) rmSync(file, { force: true });
      else await new Promise((resolve) => setTimeout(resolve, 300));
    }
  }
  try {
    return await work();
  } finally {
    rmSync(file, { force: true });
  }
}

/** @param {string} name @returns {string | undefined} full path of a program in PATH */
export function inPath(name) {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

/** @param {string} path */
export function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/**
 * One hash over files and folders (recursively, by name order): changes when any of them does.
 *
 * @param {string[]} paths relative to the root; missing ones count as empty
 * @param {(name: string) => boolean} [wanted]
 */
export function hashOf(paths, wanted = () => true) {
  const hash = createHash('sha256').update(process.version);
  const visit = (path) => {
    if (!existsSync(path)) return;
    if (statSync(path).isDirectory()) {
      for (const name of readdirSync(path).sort()) if (name !== 'node_modules') visit(join(path, name));
    } else if (wanted(path)) {
      hash.update(path.slice(root.length)).update(readFileSync(path));
    }
  };
  for (const path of paths) visit(join(root, path));
  return hash.digest('hex');
}

/** @param {string} file @param {string} value */
export function isStamped(file, value) {
  return existsSync(file) && readFileSync(file, 'utf8') === value;
}

function isStale(file) {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code !== 'EPERM';
  }
}
