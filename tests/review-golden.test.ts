import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compileReference } from '../models/review/compile';
import type { Finding } from '../models/review/findings';
import { describeFindings } from '../models/review/findings';
import { worldFromRows } from '../models/review/from-rows';
import { sortLineTable } from '../models/review/line-order';
import { reviewScope } from '../models/review/scopes';
import { lineKey, readWorldRows } from './support/open-world';
import { SCOPES } from './support/review-world';

/**
 * Golden corpus: every finding of the open world with its money, clause and a digest of evidence and texts, and one
 * whole finding per code and variant. A wanted change is accepted with UPDATE_GOLDEN=1: the difference then shows in
 * review.
 */
const FOLDER = join(__dirname, 'fixtures');
const rows = readWorldRows();

function findingsOfOpenWorld(): Finding[] {
  const world = worldFromRows(rows, 'golden');
  // Through JSON and back, as a stored rule set would come: a replay must not depend on anything else.
  const compiled = compileReference(JSON.parse(JSON.stringify(world.reference)));
  const table = sortLineTable(world.table, compiled.clinics.rank);
  const input = { compiled, subjects: world.subjects, table };
  return SCOPES.flatMap((scope) => describeFindings(reviewScope(scope, input)));
}

function digest(finding: Finding): string {
  const text = JSON.stringify([finding.evidence, finding.explanation]);
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function golden(name: string, text: string): string {
  const path = join(FOLDER, name);
  if (process.env.UPDATE_GOLDEN) writeFileSync(path, text);
  return readFileSync(path, 'utf8');
}

const findings = findingsOfOpenWorld();

test('every finding of the open world is the one in the golden corpus', () => {
  const lines = findings.map((finding) => {
    const line = lineKey(rows.invoices[finding.lineId]!);
    const { code, ruleId, ruleVersion, severity, atRisk, guidelineId } = finding;
    return [line, code, `${ruleId}@${ruleVersion}`, severity, atRisk, guidelineId ?? '', digest(finding)].join('\t');
  });
  const text = `${lines.sort().join('\n')}\n`;
  expect(text).toBe(golden('golden-findings.tsv', text));
});

test('the texts of each code and variant are the ones in the golden corpus', () => {
  const examples = new Map<string, Finding>();
  for (const finding of findings) {
    const key = [finding.code, finding.evidence.variant ?? ''].join('/');
    if (!examples.has(key)) examples.set(key, finding);
  }
  const sorted = [...examples].sort(([a], [b]) => (a < b ? -1 : 1));
  const text = `${JSON.stringify(Object.fromEntries(sorted), null, 2)}\n`;
  expect(sorted.length).toBeGreaterThan(40);
  expect(text).toBe(golden('golden-findings.json', text));
});

test('a replay with the stored reference gives byte-identical findings', () => {
  expect(JSON.stringify(findingsOfOpenWorld())).toBe(JSON.stringify(findings));
});
