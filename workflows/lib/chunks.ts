import type { BatchTuning, ChunkCursor, ChunkRef, ChunkScope, TakenBatch } from '../messages';

/** Findings come from these scopes, in this order; the order does not matter for them. */
export const CHECK_SCOPES = ['person', 'doctor-day', 'letter'] as const satisfies readonly ChunkScope[];
export const ROUTE_SCOPES = ['invoice'] as const satisfies readonly ChunkScope[];

export function firstChunk(scopes: readonly ChunkScope[]): ChunkCursor {
  return { scope: scopes[0] ?? null, offset: 0 };
}

/** The chunk under the cursor and the cursor behind it; null when the scopes are exhausted. */
export function takeChunk(
  taken: TakenBatch,
  tuning: BatchTuning,
  scopes: readonly ChunkScope[],
  cursor: ChunkCursor,
): { readonly chunk: ChunkRef; readonly next: ChunkCursor } | null {
  if (cursor.scope === null) return null;
  for (let index = scopes.indexOf(cursor.scope); index >= 0 && index < scopes.length; index += 1) {
    const scope = scopes[index]!;
    const offset = scope === cursor.scope ? cursor.offset : 0;
    if (offset >= taken.subjects[scope]) continue;
    const length = Math.min(tuning.chunk[scope], taken.subjects[scope] - offset);
    return { chunk: { batchId: taken.batchId, scope, offset, length }, next: { scope, offset: offset + length } };
  }
  return null;
}

export function countChunks(taken: TakenBatch, tuning: BatchTuning): number {
  const scopes: ChunkScope[] = [...CHECK_SCOPES, ...ROUTE_SCOPES];
  return scopes.reduce((sum, scope) => sum + Math.ceil(taken.subjects[scope] / tuning.chunk[scope]), 0);
}
