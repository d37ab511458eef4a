import { FINDINGS_EN } from '../models/review/catalogue/findings-en';
import { FINDINGS_RU } from '../models/review/catalogue/findings-ru';
import { formatMoney } from '../models/review/catalogue/render';
import { describeFindings } from '../models/review/findings';
import { FINDING_CODES, RULES } from '../models/review/registry';
import { REASONS } from '../models/review/catalogue/words';
import { reviewScope } from '../models/review/scopes';
import { explainLine } from '../models/review/trace';
import { SCOPES, prepareWorld } from './support/review-world';
import { generateWorld } from './support/world-generator/generate';

const codeOf = (key: string): string => key.split('/')[0]!;
const world = generateWorld(51, 60);

describe('the catalogue', () => {
  test('names every code in Russian and in English, with the same variants', () => {
    expect([...new Set(Object.keys(FINDINGS_RU).map(codeOf))].sort()).toEqual([...FINDING_CODES].sort());
    expect(Object.keys(FINDINGS_EN).sort()).toEqual(Object.keys(FINDINGS_RU).sort());
  });

  test.each(Object.keys(FINDINGS_RU))('%s uses the same values in both languages', (key) => {
    const values = (text: object): string[] =>
      [
        ...new Set(
          Object.values(text)
            .join(' ')
            .match(/\{[\w:]+\}/g) ?? [],
        ),
      ].sort();
    expect(values(FINDINGS_EN[key]!)).toEqual(values(FINDINGS_RU[key]!));
  });

  test.each([
    [123_456_789, '1\u00a0234\u00a0567,89\u00a0₽', 'RUB 1,234,567.89'],
    [5, '0,05\u00a0₽', 'RUB 0.05'],
    [-100, '-1,00\u00a0₽', 'RUB -1.00'],
  ])('%i kopecks read %s and %s', (kopecks, ru, en) => {
    expect([formatMoney(kopecks, 'ru'), formatMoney(kopecks, 'en')]).toEqual([ru, en]);
  });
});

describe('explanations', () => {
  const input = prepareWorld(world);
  const findings = SCOPES.flatMap((scope) => describeFindings(reviewScope(scope, input)));

  test('say in both languages what was billed, what is expected, the basis and what would change the result', () => {
    const parts = {
      ru: ['Выставлено: ', 'Ожидается: ', 'Основание: ', 'Что изменит решение: '],
      en: ['Billed: ', 'Expected: ', 'Basis: ', 'What would change it: '],
    };
    for (const finding of findings) {
      for (const language of ['ru', 'en'] as const) {
        const text = finding.explanation[language];
        expect(parts[language].every((part) => text.includes(part))).toBe(true);
        expect(text).not.toMatch(/[{}]|undefined|null|NaN|Infinity/);
      }
      expect(finding.explanation.ru).toMatch(/[а-я]/);
    }
    expect(new Set(findings.map((finding) => finding.code)).size).toBe(FINDING_CODES.length);
  });

  test('a finding of a guideline, pair or demographic rule cites it, with its clause', () => {
    const medical = findings.filter((finding) => /^(FREQ|DEMO|CLIN-0[13]|COMB-0[123])/.test(finding.code));
    expect(medical.filter((finding) => !finding.guidelineId || !finding.clause?.includes('п.'))).toEqual([]);
    const others = findings.filter((finding) => /^(ELIG|AUTH|PRIC|LIMI|DUPL|PLAU)/.test(finding.code));
    expect(others.filter((finding) => finding.guidelineId !== null)).toEqual([]);
  });
});

describe('the trace of a line', () => {
  const input = prepareWorld(world);
  const hits = new Map<number, string[]>();
  for (const scope of SCOPES) {
    const result = reviewScope(scope, input);
    Array.from(result.hits.row).forEach((row, i) => {
      hits.set(row, [...(hits.get(row) ?? []), RULES[result.hits.rule[i]!]!.code]);
    });
  }
  const rowsOf = (test: (row: number) => boolean): number[] =>
    Array.from({ length: input.table.rows }, (_, row) => row).filter(test);

  test('has every rule once, and its hits are the findings of the line', () => {
    for (const row of rowsOf((r) => r % 29 === 0)) {
      const trace = explainLine(input, row);
      expect(trace.map((rule) => rule.code)).toEqual(FINDING_CODES);
      const hit = trace.filter((rule) => rule.outcome === 'hit');
      expect(hit.map((rule) => rule.code).sort()).toEqual((hits.get(row) ?? []).sort());
      expect(hit.every((rule) => rule.finding !== null && rule.reason === null)).toBe(true);
    }
  });

  test('gives a reason whenever a rule did not judge, and values whenever it did', () => {
    for (const row of rowsOf((r) => r % 31 === 0)) {
      for (const rule of explainLine(input, row)) {
        const judged = rule.outcome === 'hit' || rule.outcome === 'pass';
        expect(rule.reason === null).toBe(judged);
        expect(Object.keys(rule.values).length).toBeGreaterThan(0);
        expect(rule.title.ru).not.toBe(rule.code);
      }
    }
  });

  test('of an unknown policy evaluates only what needs no person', () => {
    const row = rowsOf((r) => input.subjects.persons.known[input.table.person[r]!] === 0)[0]!;
    const blocked = explainLine(input, row).filter((rule) => rule.reason?.name === 'policy-unknown');
    expect(blocked.map((rule) => rule.code)).toEqual(
      FINDING_CODES.filter((code) => /^(ELIG-0[2-6]|AUTH-01|LIMI|FREQ|DEMO|CLIN-0[13])/.test(code)).filter(
        (code) => code !== 'FREQ-01' || input.table.episode[row]! >= 0,
      ),
    );
  });

  test('of a rule that is switched off says so', () => {
    const compiled = { ...input.compiled, disabled: new Set(['PRIC-02']) };
    const [rule] = explainLine({ ...input, compiled }, 0).filter(({ code }) => code === 'PRIC-02');
    expect([rule!.outcome, rule!.reason!.name]).toEqual(['not-evaluated', 'switched-off']);
  });

  test('every reason has a name and both languages', () => {
    const reasons = Object.values(REASONS);
    expect(new Set(reasons.map((reason) => reason.name)).size).toBe(reasons.length);
    expect(reasons.filter((reason) => !reason.ru || !reason.en)).toEqual([]);
  });
});
