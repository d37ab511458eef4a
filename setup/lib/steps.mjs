import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Folder of package.json; every set-up script works from here, wherever it was called. */
export const root = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/**
 * Runs one step of the set-up and prints one line: what it is, which way was taken, how long it took.
 *
 * @param {string} name
 * @param {() => string | Promise<string>} work returns the way taken
 */
export async function step(name, work) {
  const start = performance.now();
  const way = await work();
  say(name, way, performance.now() - start);
}

/** @param {string} name @param {string} text @param {number} ms */
export function say(name, text, ms) {
  console.log(`  ${name.padEnd(12)} ${text} (${(ms / 1000).toFixed(1)} s)`);
}

/**
 * Runs a program to its end.
 *
 * @param {string} file
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs?: number, quiet?: boolean }} [options] quiet keeps the
 *   output and shows its end only on failure
 * @returns {Promise<string>} the output
 * @throws when it ends badly, takes too long or is not there
 */
export function run(file, args, { cwd = root, env = process.env, timeoutMs = 0, quiet = true } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd,
      env,
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      detached: quiet,
    });
    let output = '';
    child.stdout?.on('data', (chunk) => (output += chunk));
    child.stderr?.on('data', (chunk) => (output += chunk));
    // The group, so that a package manager's own children end too.
    const kill = (signal) => {
      if (child.pid === undefined) return;
      try {
        process.kill(quiet ? -child.pid : child.pid, signal);
      } catch {
        // already gone
      }
    };
    const timer = timeoutMs > 0 ? setTimeout(() => kill('SIGKILL'), timeoutMs) : undefined;
    const stop = () => {
      kill('SIGTERM');
      process.exit(130);
    };
    process.once('SIGINT', stop).once('SIGTERM', stop);
    const finish = (error) => {
      clearTimeout(timer);
      process.off('SIGINT', stop).off('SIGTERM', stop);
      if (error === undefined) resolve(output);
      else reject(new Error(`${file} ${args.join(' ')}: ${error}\n${excerpt(output)}`));
    };
    child.on('error', (error) => finish(error.message));
    child.on('close', (code, signal) => finish(code === 0 ? undefined : `ended with ${code ?? signal}`));
  });
}

/** Beginning and end of a long output: the cause is in one of them. */
function excerpt(output) {
  return output.length < 6000 ? output : `${output.slice(0, 3000)}\n[...]\n${output.slice(-3000)}`;
}

/**
 * True when a server answers at all, so that a closed network costs seconds and not minutes.
 *
 * @param {string} url @param {number} [timeoutMs]
 */
export async function isReachable(url, timeoutMs = 5000) {
  try {
    await fetch(url, { method: 'HEAD', signal: AbortSignal.timeout(timeoutMs), redirect: 'manual' });
    return true;
  } catch {
    return false;
  }
}

/** Runs a set-up script's main function: a failure is told in plain words and ends with code 1. */
export async function main(work) {
  try {
    await work();
  } catch (error) {
    console.error(`\nSet-up failed: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
