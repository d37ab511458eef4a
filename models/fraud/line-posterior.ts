import { lineClass, linePrior, scoreVisit, type PhantomModel } from './phantom';
import type { Structure } from './structure';
import type { FraudInput } from './types';
import type { VisitEvidence } from './visit-evidence';

/**
 * Posterior of "billed and not rendered" for every line: the share of its clinic and lead doctor times the class
 * intensity, updated by the answers on the line and on the whole visit. `refine` may sharpen the prior of a row by its
 * billing pattern; it gets the row and the prior and returns the new prior.
 */
export function scoreLines(
  input: FraudInput,
  structure: Structure,
  evidence: VisitEvidence,
  model: PhantomModel,
  refine: (row: number, prior: number) => number = (_row, prior) => prior,
): Float32Array {
  const { lines } = input;
  const priorOf = (row: number): number =>
    refine(row, linePrior(model, lines.clinic[row]!, structure.leadUnit[row]!, lineClass(input, row)));
  const posterior = new Float32Array(lines.length);
  for (let row = 0; row < lines.length; row++) posterior[row] = priorOf(row);
  const out = new Float64Array(4096);
  const { start, rows } = structure.visitLines;
  for (let v = 0; v < evidence.count; v++) {
    scoreVisit(input, structure, evidence, model, v, out, priorOf);
    const from = start[evidence.visit[v]!]!;
    const count = Math.min(4096, start[evidence.visit[v]! + 1]! - from);
    for (let i = 0; i < count; i++) posterior[rows[from + i]!] = out[i]!;
  }
  return posterior;
}
