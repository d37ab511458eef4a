import type { Chapter } from './chapter';
import { scoreVisit, type PhantomModel } from './phantom';
import { MOST_LINES } from './visit-evidence';

/**
 * Posterior of "billed and not rendered" for every line of a chapter: its prior, updated by the answers on the line
 * and on the whole visit.
 */
export function scoreLines(
  { lines, visits }: Chapter,
  model: PhantomModel,
  priorOf: (row: number) => number,
): Float32Array {
  const posterior = new Float32Array(lines.length);
  for (let row = 0; row < lines.length; row++) posterior[row] = priorOf(row);
  const out = new Float64Array(MOST_LINES);
  for (let v = 0; v < visits.count; v++) {
    scoreVisit(visits, model, v, out, (line) => priorOf(visits.row[line]!));
    for (let k = visits.start[v]!; k < visits.start[v + 1]!; k++) {
      posterior[visits.row[k]!] = out[k - visits.start[v]!]!;
    }
  }
  return posterior;
}
