import { machine, medianOf, sitting, writeResult } from './measure';
import { benchmarkWorld } from './review-world';
import { describeFindings } from '../models/review/findings';
import { FINDING_CODES } from '../models/review/registry';
import { reviewScope } from '../models/review/scopes';

const SCOPES = ['person', 'doctor-day', 'letter'] as const;

/** Engine alone, all rules and scopes, one thread: lines in memory to hits, and to findings with texts. */
async function main(): Promise<void> {
  const sizes = (process.argv[2] ?? '20000,200000').split(',').map(Number);
  const rows = [];
  for (const lines of sizes) rows.push(await measure(lines));
  console.log(`Review engine alone, ${FINDING_CODES.length} rules, one thread of ${machine().cpu}`);
  console.table(rows);
  console.log(`written to ${writeResult('engine', { ...machine(), rules: FINDING_CODES.length, rows })}`);
}

async function measure(lines: number) {
  const input = benchmarkWorld(lines);
  const hits = medianOf(await sitting(() => SCOPES.map((scope) => reviewScope(scope, input)), 9, 4));
  const texts = medianOf(
    await sitting(() => SCOPES.map((scope) => describeFindings(reviewScope(scope, input)).length), 3, 1),
  );
  const perSecond = (ms: number): number => Math.round((lines / ms) * 1000);
  return {
    lines,
    hits: SCOPES.reduce((sum, scope) => sum + reviewScope(scope, input).hits.count, 0),
    'hits: lines/s': perSecond(hits.ms),
    'hits: lines/s of processor': perSecond(hits.cpuMs),
    'with texts: lines/s': perSecond(texts.ms),
    'with texts: lines/s of processor': perSecond(texts.cpuMs),
  };
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
