import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

/** Writes pieces of text with back pressure, so that millions of lines never stand in memory at once. */
export async function writeText(file: string, pieces: () => Iterable<string> | AsyncIterable<string>): Promise<void> {
  const stream = createWriteStream(file);
  let buffer = '';
  for await (const piece of pieces()) {
    buffer += piece;
    if (buffer.length < 1 << 18) continue;
    if (!stream.write(buffer)) await once(stream, 'drain');
    buffer = '';
  }
  stream.end(buffer);
  await once(stream, 'finish');
}
