import { createWriteStream, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { cached, inPath, isProgram, versions } from './cache.mjs';
import { isReachable, run } from './steps.mjs';

/**
 * The Temporal command line, which carries the dev server. The ordinary way is a download of the release; where only
 * package registries are open, Go builds the same version from its module proxy (about three minutes, once).
 */
export async function ensureTemporal() {
  if (process.env.TEMPORAL_ADDRESS) return 'your own server (TEMPORAL_ADDRESS)';
  const named = process.env.TEMPORAL_CLI_PATH;
  if (named) {
    if (!isProgram(named)) throw new Error(`TEMPORAL_CLI_PATH names no program: ${named}`);
    return `TEMPORAL_CLI_PATH ${named}`;
  }
  const found = inPath('temporal');
  if (found !== undefined) return `found in PATH: ${found}`;
  let way = 'from the cache';
  await cached(`temporal-${versions.temporalCli}`, async (draft) => {
    way = (await download(draft)) ?? (await goInstall(draft));
    await run(join(draft, 'temporal'), ['--version'], { timeoutMs: 20_000 });
  });
  return way;
}

async function download(draft) {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  const url = `https://temporal.download/cli/archive/v${versions.temporalCli}?platform=${process.platform}&arch=${arch}`;
  if (!(await isReachable(url))) return undefined;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(240_000) });
    if (!answer.ok || answer.body === null) return undefined;
    const archive = join(draft, 'temporal.tar.gz');
    await pipeline(Readable.fromWeb(answer.body), createWriteStream(archive));
    await run('tar', ['-xzf', archive, '-C', draft]);
    return existsSync(join(draft, 'temporal')) ? `downloaded release ${versions.temporalCli}` : undefined;
  } catch {
    return undefined;
  }
}

async function goInstall(draft) {
  if (inPath('go') === undefined) {
    throw new Error(
      'the Temporal dev server can neither be downloaded (temporal.download) nor built (no `go` in PATH): ' +
        'install one of them, or set TEMPORAL_CLI_PATH to the program or TEMPORAL_ADDRESS to a server',
    );
  }
  const bin = join(draft, 'bin');
  const module = `github.com/temporalio/cli/cmd/temporal@v${versions.temporalCli}`;
  const env = { ...process.env, GOBIN: bin, CGO_ENABLED: '0' };
  await run('go', ['install', '-ldflags', '-s -w', module], { env, timeoutMs: 1_200_000 });
  renameSync(join(bin, 'temporal'), join(draft, 'temporal'));
  return `built version ${versions.temporalCli} from the Go module proxy`;
}
