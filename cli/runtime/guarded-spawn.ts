import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { waitForExit } from './process-tools';

/**
 * Reads "watch PID" and "forget PID" lines. When the pipe closes, whoever held it is gone, even by kill -9: what is still
 * on the list is asked to end and, after five seconds at most, killed with its children.
 */
const GUARD = `
pids=''
while read -r verb pid; do
  case "$verb" in
    watch) pids="$pids $pid" ;;
    forget) rest=''; for p in $pids; do [ "$p" = "$pid" ] || rest="$rest $p"; done; pids=$rest ;;
  esac
done
[ -z "$pids" ] && exit 0
for p in $pids; do kill -INT "$p"; done
tries=0
while [ $tries -lt 50 ]; do
  alive=''
  for p in $pids; do kill -0 "$p" && alive=1; done
  [ -z "$alive" ] && break
  tries=$((tries + 1))
  sleep 0.1
done
for p in $pids; do kill -s KILL -- "-$p"; done
`;

let guard: ChildProcess | undefined;

/**
 * Spawns a child as leader of its own process group that cannot outlive this process. Ctrl-C in the terminal does not
 * reach it, so this process decides the order of ending.
 */
export function spawnGuarded(file: string, args: string[], options: SpawnOptions): ChildProcess {
  // The guard first: a parent that dies right after the spawn must already have somebody to tell.
  const list = guardList();
  const child = spawn(file, args, { ...options, detached: true });
  if (child.pid !== undefined) {
    list.write(`watch ${child.pid}\n`);
    void waitForExit(child).then(() => list.writable && list.write(`forget ${child.pid}\n`));
  }
  return child;
}

function guardList(): Writable {
  if (guard === undefined || guard.exitCode !== null || guard.signalCode !== null) {
    guard = spawn('/bin/sh', ['-c', GUARD], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' });
    guard.on('error', () => undefined);
    guard.stdin!.on('error', () => undefined);
    guard.unref();
    (guard.stdin as Socket).unref();
  }
  return guard.stdin!;
}
