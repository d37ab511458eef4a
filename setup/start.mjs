import { build } from './build.mjs';
import { runMain } from './lib/run-main.mjs';
import { main } from './lib/steps.mjs';
import { prepare } from './prepare.mjs';

/** `npm start [-- ARGS]`: set up, build, run `medex up ARGS`. */
await main(async () => {
  console.log('Medex: set-up');
  await prepare();
  await build();
  runMain('dist/cli/index.js', ['up', ...process.argv.slice(2)]);
});
