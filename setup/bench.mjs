import { build } from './build.mjs';
import { runMain } from './lib/run-main.mjs';
import { main } from './lib/steps.mjs';
import { prepare } from './prepare.mjs';

/** `node setup/bench.mjs NAME [ARGS]`: set up, build, run dist/bench/NAME.js. */
await main(async () => {
  const [name, ...args] = process.argv.slice(2);
  if (name === undefined) throw new Error('usage: node setup/bench.mjs NAME [ARGS]');
  await prepare({ native: true });
  await build();
  runMain(`dist/bench/${name}.js`, args);
});
