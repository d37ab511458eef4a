import { FINDING_CODES } from '../models/review/registry';
import { readAnswers, readWorldRows } from './support/open-world';
import type { Verdicts } from './support/review-world';
import { reviewWorld } from './support/review-world';

interface Score {
  code: string;
  expected: number;
  found: number;
  precision: number;
  recall: number;
}

let verdicts: Verdicts;
let scores: Score[];

beforeAll(() => {
  verdicts = reviewWorld(readWorldRows());
  const truth = readAnswers('truth');
  const found = new Set(verdicts.findings);
  scores = FINDING_CODES.map((code) => {
    const expected = truth.filter((answer) => answer.code === code);
    const all = verdicts.findings.filter((finding) => finding.endsWith(` ${code}`)).length;
    const right = expected.filter((answer) => found.has(`${answer.line} ${code}`)).length;
    return { code, expected: expected.length, found: all, precision: right / all, recall: right / expected.length };
  });
});

describe('the open world', () => {
  test('precision and recall are 1.000 for every finding code', () => {
    const rows = scores.map((s) =>
      [s.code, s.expected, s.found, s.precision.toFixed(3), s.recall.toFixed(3)].join('\t'),
    );
    process.stdout.write(`${['code\ttruth\tfound\tprecision\trecall', ...rows].join('\n')}\n`);
    expect(scores.map(({ code, precision, recall }) => [code, precision, recall])).toEqual(
      FINDING_CODES.map((code) => [code, 1, 1]),
    );
  });

  test('the answers hold no code that the engine does not know', () => {
    const unknown = readAnswers('truth').filter((answer) => !FINDING_CODES.includes(answer.code));
    expect(unknown).toEqual([]);
  });

  test('lines at a boundary do not get the code that they nearly earn', () => {
    const found = new Set(verdicts.findings);
    const nearMisses = readAnswers('near-misses');
    expect(nearMisses.length).toBeGreaterThan(300);
    expect(nearMisses.filter((near) => found.has(`${near.line} ${near.code}`))).toEqual([]);
  });
});
