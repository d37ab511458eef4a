import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { cache, inPath, isProgram } from './cache.mjs';
import { isReachable, root, run } from './steps.mjs';

const MAC = '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome';

/** A browser for the tests of the web pages. The product itself needs none. */
export async function ensureChromium() {
  const named = process.env.CHROMIUM_PATH;
  if (named) {
    if (!isProgram(named)) throw new Error(`CHROMIUM_PATH names no program: ${named}`);
    return `CHROMIUM_PATH ${named}`;
  }
  const found =
    ['chromium', 'chromium-browser', 'google-chrome'].map(inPath).find(Boolean) ?? (isProgram(MAC) ? MAC : undefined);
  if (found !== undefined) return `found: ${found}`;
  if (downloaded() !== undefined) return 'from the cache';
  return (await playwright()) ?? (await apt());
}

/** Playwright's own download, into the cache. */
async function playwright() {
  if (!(await isReachable('https://cdn.playwright.dev'))) return undefined;
  const env = { ...process.env, PLAYWRIGHT_BROWSERS_PATH: join(cache, 'browsers') };
  try {
    const cli = join(root, 'node_modules', 'playwright-core', 'cli.js');
    await run(process.execPath, [cli, 'install', 'chromium'], { env, timeoutMs: 300_000 });
    // On a bare machine the download lacks system libraries; then the distribution's package is the better one.
    await run(downloaded() ?? '', ['--headless', '--no-sandbox', '--dump-dom', 'about:blank'], { timeoutMs: 30_000 });
    return "playwright's own download";
  } catch {
    return undefined;
  }
}

async function apt() {
  if (process.getuid?.() !== 0 || inPath('apt-get') === undefined) {
    throw new Error('no browser for the tests: install chromium, or set CHROMIUM_PATH (apt-get needs root)');
  }
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const packages = ['chromium', 'fonts-dejavu-core'];
  await run('apt-get', ['update', '-qq'], { env, timeoutMs: 300_000 });
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env, timeoutMs: 900_000 });
  return 'installed by apt-get';
}

function downloaded() {
  const folder = join(cache, 'browsers');
  if (!existsSync(folder)) return undefined;
  const builds = readdirSync(folder).filter((name) => name.startsWith('chromium-'));
  const places = ['chrome-linux64/chrome', 'chrome-linux/chrome', 'chrome-mac/Chromium.app/Contents/MacOS/Chromium'];
  return builds.flatMap((build) => places.map((place) => join(folder, build, place))).find(isProgram);
}
