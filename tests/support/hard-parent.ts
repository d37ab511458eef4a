import { spawnGuarded } from '../../cli/runtime/guarded-spawn';

// A parent for tests/runtime.test.ts that is killed hard: it starts a child with a grandchild, tells both numbers, waits.
const child = spawnGuarded('/bin/sh', ['-c', 'sleep 300 & echo $$ $!; wait'], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
child.on('exit', () => process.exit(1));
setInterval(() => undefined, 1000);
