import type { Timing } from './measure';
import { machine, medianOf, sitting, timed, writeResult } from './measure';
import type { Hit } from './review-rivals';
import { COMPARED_CODES, factsOf, runJsonRules, runZen } from './review-rivals';
import { benchmarkWorld } from './review-world';
import { FINDING_CODES, RULES } from '../models/review/registry';
import { reviewPersons } from '../models/review/scopes';

/**
 * Our engine beside json-rules-engine and @gorules/zen-engine: same lines, same rules, same hits, one run. Ours is
 * measured before, between and after the rivals, so that a busy moment of the machine does not decide; the processor
 * ratio counts all threads.
 */
async function main(): Promise<void> {
  const lines = Number(process.argv[2] ?? 100_000);
  const disabled = FINDING_CODES.filter((code) => !(COMPARED_CODES as readonly string[]).includes(code));
  const input = benchmarkWorld(lines, disabled);
  const { review, hits } = reviewPersons(input);
  const ours: Hit[] = Array.from(hits.row, (row, i) => ({ row, code: RULES[hits.rule[i]!]!.code }));
  const facts = factsOf(review);

  const sit = (): Promise<Timing[]> => sitting(() => reviewPersons(input), 7, 3);
  const timings = await sit();
  const zen = await timed(() => runZen(facts, 500));
  timings.push(...(await sit()));
  const json = await timed(() => runJsonRules(facts, 200));
  timings.push(...(await sit()));
  const own = medianOf(timings);

  const row = (engine: string, timing: Timing, found: readonly Hit[]) => ({
    engine,
    hits: found.length,
    ms: Math.round(timing.ms),
    'lines/s': Math.round((lines / timing.ms) * 1000),
    'ours is faster by': `${(timing.ms / own.ms).toFixed(1)}x`,
    'by processor time': `${(timing.cpuMs / own.cpuMs).toFixed(1)}x`,
    'same hits': sameHits(ours, found),
  });
  const rows = [
    row('medex', own, ours),
    row('json-rules-engine', json, json.value),
    row('@gorules/zen-engine', zen, zen.value),
  ];
  console.log(`${lines} lines, the same ${COMPARED_CODES.length} rules: ${COMPARED_CODES.join(', ')}`);
  console.table(rows);
  console.log(`written to ${writeResult('review', { ...machine(), lines, codes: COMPARED_CODES, rows })}`);
  if (rows.some((each) => !each['same hits'])) throw new Error('The engines disagree: the comparison is void.');
}

function sameHits(a: readonly Hit[], b: readonly Hit[]): boolean {
  const keys = (hits: readonly Hit[]): string[] => hits.map((hit) => `${hit.row} ${hit.code}`).sort();
  const left = keys(a);
  const right = keys(b);
  return left.length === right.length && left.every((key, i) => key === right[i]);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
