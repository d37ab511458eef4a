import { machine, medianMs, writeResult } from './measure';
import type { Hit } from './review-rivals';
import { COMPARED_CODES, factsOf, runJsonRules, runZen } from './review-rivals';
import { benchmarkWorld } from './review-world';
import { FINDING_CODES, RULES } from '../models/review/registry';
import { reviewPersons } from '../models/review/scopes';

/** Our engine beside json-rules-engine and @gorules/zen-engine: same lines, same rules, same hits, one run. */
async function main(): Promise<void> {
  const lines = Number(process.argv[2] ?? 100_000);
  const disabled = FINDING_CODES.filter((code) => !(COMPARED_CODES as readonly string[]).includes(code));
  const input = benchmarkWorld(lines, disabled);
  const { review, hits } = reviewPersons(input);
  const ours: Hit[] = Array.from(hits.row, (row, i) => ({ row, code: RULES[hits.rule[i]!]!.code }));
  const ourMs = medianMs(() => reviewPersons(input), 9, 4);

  const facts = factsOf(review);
  const json = await timed(() => runJsonRules(facts, 200));
  const zen = await timed(() => runZen(facts, 500));
  const same = { 'json-rules-engine': sameHits(ours, json.hits), zen: sameHits(ours, zen.hits) };

  const row = (engine: string, ms: number, found: number) => ({
    engine,
    lines,
    rules: COMPARED_CODES.length,
    hits: found,
    ms: Math.round(ms),
    'lines/s': Math.round((lines / ms) * 1000),
    'ours is faster by': `${(ms / ourMs).toFixed(1)}x`,
  });
  const rows = [
    row('medex', ourMs, ours.length),
    row('json-rules-engine', json.ms, json.hits.length),
    row('@gorules/zen-engine', zen.ms, zen.hits.length),
  ];
  console.log(
    `Rule engines on the same ${lines} lines and the same ${COMPARED_CODES.length} rules: ${COMPARED_CODES.join(', ')}`,
  );
  console.table(rows);
  console.log(`same hits: json-rules-engine ${same['json-rules-engine']}, zen-engine ${same.zen}`);
  console.log(`written to ${writeResult('review', { ...machine(), codes: COMPARED_CODES, same, rows })}`);
  if (!same['json-rules-engine'] || !same.zen) throw new Error('The engines disagree: the comparison is void.');
}

async function timed(run: () => Promise<Hit[]>): Promise<{ ms: number; hits: Hit[] }> {
  const start = performance.now();
  const hits = await run();
  return { ms: performance.now() - start, hits };
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
