import { createHash } from 'node:crypto';
import { lstat, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../models/errors';
import type { FactorSource } from '../../prisma/repositories/factor-sources';

/** What a source gave: its text and the hash of its bytes. */
export interface SourceContent {
  readonly text: string;
  readonly sha256: string;
}

/** One port for every place that factors come from: map ratings, distances, salaries, inflation. */
export interface FactorConnector {
  readonly read: (source: FactorSource, signal: AbortSignal) => Promise<SourceContent>;
}

const MAX_BYTES = 64 * 2 ** 20;
const TIMEOUT_MS = 60_000;

/** The newest .csv of the source's folder under the installation's drop folder; links and other places are not followed. */
export function fileDrop(dropDir: string): FactorConnector {
  return {
    read: async (source) => {
      if (!/^[a-z0-9][a-z0-9-]{0,63}$/.test(source.place)) throw unreadable(source, 'the folder name is not plain');
      const folder = join(dropDir, source.place);
      const names = await readdir(folder).catch(() => []);
      const files = await Promise.all(
        names
          .filter((name) => name.toLowerCase().endsWith('.csv'))
          .map(async (name) => ({ path: join(folder, name), stat: await lstat(join(folder, name)) })),
      );
      const newest = files
        .filter(({ stat }) => stat.isFile())
        .sort((a, b) => b.stat.mtimeMs - a.stat.mtimeMs || (a.path < b.path ? 1 : -1))[0];
      if (newest === undefined) throw unreadable(source, 'there is no .csv in the folder');
      if (newest.stat.size > MAX_BYTES) throw unreadable(source, 'the file is too large');
      return contentOf(await readFile(newest.path));
    },
  };
}

/** CSV over HTTP(S): no redirects, a size limit and a time limit. A server that does not answer is tried again. */
export function httpPort(): FactorConnector {
  return {
    read: async (source, signal) => {
      const url = new URL(source.place);
      if (!['http:', 'https:'].includes(url.protocol) || url.username !== '')
        throw unreadable(source, 'not an http address');
      const answer = await fetch(url, {
        redirect: 'error',
        headers: { accept: 'text/csv' },
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      }).catch((cause: unknown) => {
        throw unreadable(source, 'no answer', true, cause);
      });
      if (!answer.ok) throw unreadable(source, `status ${answer.status}`, answer.status >= 500);
      const chunks: Uint8Array[] = [];
      let bytes = 0;
      for await (const chunk of answer.body ?? []) {
        bytes += (chunk as Uint8Array).length;
        if (bytes > MAX_BYTES) throw unreadable(source, 'the answer is too large');
        chunks.push(chunk as Uint8Array);
      }
      return contentOf(Buffer.concat(chunks));
    },
  };
}

function contentOf(bytes: Buffer): SourceContent {
  const text = new TextDecoder('utf-8').decode(bytes);
  return { text, sha256: createHash('sha256').update(bytes).digest('hex') };
}

function unreadable({ code }: FactorSource, why: string, retryable = false, cause?: unknown): AppError {
  return new AppError(
    'factor-source-unreadable',
    { ru: `Источник ${code} не читается: ${why}`, en: `Source ${code} cannot be read: ${why}` },
    { httpStatus: 502, retryable, cause, details: { source: code, why } },
  );
}
