import { spawnGuarded } from '../../cli/runtime/guarded-spawn';

// A parent for tests/runtime.test.ts that is killed hard: it starts a child with a grandchild, tells both numbers, waits.
// It tells them itself, so that it is killed after the guard has heard of the child: between fork and that word there is
// an instant in which only the next start's clean-up helps (see the last test of the data folder).
const child = spawnGuarded('/bin/sh', ['-c', 'sleep 300 & echo $$ $!; wait'], {
  stdio: ['ignore', 'pipe', 'inherit'],
});
child.stdout?.pipe(process.stdout);
child.on('exit', () => process.exit(1));
setInterval(() => undefined, 1000);
