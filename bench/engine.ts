import { machine, medianMs, writeResult } from './measure';
import { benchmarkWorld } from './review-world';
import { describeFindings } from '../models/review/findings';
import { FINDING_CODES } from '../models/review/registry';
import { reviewScope } from '../models/review/scopes';

/** Engine alone, all rules, one core: lines in memory to hits, and hits to findings with texts. */
function main(): void {
  const sizes = (process.argv[2] ?? '20000,200000').split(',').map(Number);
  const rows = sizes.map(measure);
  console.log(`Review engine alone, ${FINDING_CODES.length} rules, one thread of ${machine().cpu}`);
  console.table(rows);
  console.log(`written to ${writeResult('engine', { ...machine(), rules: FINDING_CODES.length, rows })}`);
}

function measure(lines: number) {
  const input = benchmarkWorld(lines);
  const scopes = ['person', 'doctor-day', 'letter'] as const;
  let hits = 0;
  const hitsMs = medianMs(
    () => (hits = scopes.reduce((sum, scope) => sum + reviewScope(scope, input).hits.count, 0)),
    9,
    4,
  );
  let findings = 0;
  const findingsMs = medianMs(
    () => (findings = scopes.reduce((sum, scope) => sum + describeFindings(reviewScope(scope, input)).length, 0)),
    3,
    1,
  );
  return {
    lines,
    hits,
    'hits: ms': Math.round(hitsMs * 10) / 10,
    'hits: lines/s': Math.round((lines / hitsMs) * 1000),
    findings,
    'with texts: lines/s': Math.round((lines / findingsMs) * 1000),
  };
}

main();
