import { condition } from '@temporalio/workflow';
import type { ChunkCursor, ChunkRef } from '../messages';

export interface WindowInput {
  readonly width: number;
  readonly start: ChunkCursor;
  readonly take: (cursor: ChunkCursor) => { readonly chunk: ChunkRef; readonly next: ChunkCursor } | null;
  readonly run: (chunk: ChunkRef) => Promise<unknown>;
  /** True while no new chunk may start. */
  readonly isPaused: () => boolean;
  /** True when the run has to continue as new: in-flight chunks end, no new one starts. */
  readonly mustStop: () => boolean;
}

/**
 * Runs chunks with at most `width` in flight and returns the cursor behind the last one that was started; all of them
 * have ended by then. A sliding window, not waves: a slow chunk does not hold the others.
 */
export async function slideOver(input: WindowInput): Promise<{ cursor: ChunkCursor; exhausted: boolean }> {
  let cursor = input.start;
  let exhausted = false;
  const lane = async (): Promise<void> => {
    for (;;) {
      await condition(() => !input.isPaused() || input.mustStop());
      if (exhausted || input.mustStop()) return;
      const taken = input.take(cursor);
      if (taken === null) {
        exhausted = true;
        return;
      }
      cursor = taken.next;
      await input.run(taken.chunk);
    }
  };
  await Promise.all(Array.from({ length: input.width }, lane));
  return { cursor, exhausted };
}
