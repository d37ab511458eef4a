import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { hashOf, isStamped, locked } from './lib/cache.mjs';
import { installPackages } from './lib/packages.mjs';
import { generateClient } from './lib/prisma.mjs';
import { main, root, run, step } from './lib/steps.mjs';

const dist = join(root, 'dist');
const SOURCES = ['activities', 'api', 'bench', 'cli', 'models', 'prisma', 'workflows'];
const CONFIG = ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'prisma.config.ts', 'setup/build.mjs'];

/** Compiles to dist/ and bundles the workflows; what has not changed is not done again. */
export async function build() {
  await step('compile', compile);
  await step('workflows', bundleWorkflows);
}

/** Compiles beside the old output and swaps, so that a broken build leaves the last good one in place. */
async function compile() {
  const stamp = join(dist, '.stamp');
  const hash = hashOf([...CONFIG, ...SOURCES], (file) => /\.(ts|json)$/.test(file));
  if (isStamped(stamp, hash)) return 'unchanged';
  return locked(join(root, '.medex', 'build.lock'), async () => {
    if (isStamped(stamp, hash)) return 'unchanged';
    const draft = join(root, '.medex', 'dist');
    rmSync(draft, { recursive: true, force: true });
    const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
    await run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', draft]);
    const bundle = join(dist, 'workflow-bundle.js');
    for (const file of [bundle, `${bundle}.stamp`]) {
      if (existsSync(file)) renameSync(file, join(draft, file.slice(dist.length + 1)));
    }
    rmSync(dist, { recursive: true, force: true });
    renameSync(draft, dist);
    writeFileSync(stamp, hash);
    return 'compiled to dist/';
  });
}

/** Workers load this bundle instead of making their own at every start, which takes seconds each time. */
async function bundleWorkflows() {
  const entry = join(dist, 'workflows', 'index.js');
  if (!existsSync(entry)) return 'no workflows yet';
  const file = join(dist, 'workflow-bundle.js');
  // Failures are encoded inside the sandbox too: the converter is part of the bundle.
  const failureConverterPath = join(dist, 'activities', 'codec', 'failure-converter.js');
  const sources = ['dist/workflows', 'dist/models', 'dist/activities/codec', 'setup/build.mjs', 'package-lock.json'];
  const hash = hashOf(sources, (path) => !path.endsWith('.map'));
  if (existsSync(file) && isStamped(`${file}.stamp`, hash)) return 'unchanged';
  const require = createRequire(join(root, 'package.json'));
  const { bundleWorkflowCode } = require('@temporalio/worker');
  const quiet = { trace() {}, debug() {}, info() {}, log() {}, warn: console.warn, error: console.error };
  const { code } = await bundleWorkflowCode({ workflowsPath: entry, failureConverterPath, logger: quiet });
  writeFileSync(file, code);
  writeFileSync(`${file}.stamp`, hash);
  return `bundled, ${(code.length / 1e6).toFixed(1)} MB`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await main(async () => {
    await step('packages', installPackages);
    await step('prisma', generateClient);
    await build();
  });
}
