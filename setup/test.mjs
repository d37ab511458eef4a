import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { main, root, run, say } from './lib/steps.mjs';
import { prepare } from './prepare.mjs';

const jestResult = join(root, '.medex', 'jest.json');

/** Everything a change has to pass, cheapest first. All of it runs, so that one run tells everything. */
const CHECKS = [
  { name: 'format', program: 'oxfmt', args: ['--check', '.'] },
  { name: 'lint', program: 'oxlint', args: ['--type-aware', '--deny-warnings'] },
  { name: 'types', program: 'tsc', args: ['--noEmit'] },
  { name: 'unused', program: 'knip', args: [] },
  { name: 'tests', program: 'jest', args: ['--json', `--outputFile=${jestResult}`, ...process.argv.slice(2)] },
];

await main(async () => {
  console.log('Medex: set-up');
  await prepare({ native: true, browser: true });
  mkdirSync(join(root, '.medex'), { recursive: true });
  rmSync(jestResult, { force: true });

  const failed = [];
  for (const { name, program, args } of CHECKS) {
    console.log(`\nMedex: ${name}`);
    const start = performance.now();
    try {
      await run(join(root, 'node_modules', '.bin', program), args, { quiet: false });
      say(name, 'passed', performance.now() - start);
    } catch {
      failed.push(name);
      say(name, 'FAILED', performance.now() - start);
    }
  }

  const tests = readTests();
  const others = failed.filter((name) => name !== 'tests');
  console.log(
    `\nChecks: ${CHECKS.length - failed.length} of ${CHECKS.length}${failed.length > 0 ? `, failed: ${failed.join(', ')}` : ''}`,
  );
  console.log(`${tests.passed} passed, ${tests.failed + others.length} failed`);
  process.exit(failed.length > 0 || tests.passed === 0 ? 1 : 0);
});

/** Files that could not even be loaded count as one failed test each; no result at all counts as one. */
function readTests() {
  try {
    const result = JSON.parse(readFileSync(jestResult, 'utf8'));
    return { passed: result.numPassedTests, failed: result.numFailedTests + result.numRuntimeErrorTestSuites };
  } catch {
    return { passed: 0, failed: 1 };
  }
}
