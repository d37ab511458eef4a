import fc from 'fast-check';
import { applyAct, closeUnanswered, objectToAct } from '../models/letters/apply-act';
import type { LetterAct } from '../models/letters/acts';
import { startClock } from '../models/letters/clocks';
import { contractYear } from '../models/letters/contract-year';
import { firstAnswer } from '../models/letters/first-answer';
import { patientShareOf } from '../models/letters/money';
import { isPromised } from '../models/letters/record';
import type { LetterRecord, LetterRecordLine } from '../models/letters/record';
import { mayTake, skillFor } from '../models/letters/skills';
import type { LetterFinding, LetterPolicy, LineFacts } from '../models/letters/types';

const POLICY: LetterPolicy = {
  emergencyHours: 1,
  standardHours: 24,
  plannedInpatientHours: 72,
  autoApproveKopecks: 5_000_000,
  fourEyesKopecks: 30_000_000,
  escalateBeforePercent: 25,
  validityDays: 30,
  validityRules: [],
  documentRules: [],
};

const finding = (code: string): LetterFinding => ({
  code,
  text: { ru: code, en: code },
  guidelineId: null,
  clause: null,
  values: {},
});

const facts = (over: Partial<LineFacts> = {}): LineFacts => ({
  lineNo: 1,
  quantity: 2,
  unitPrice: 100_000,
  franchisePercent: 0,
  findings: [],
  limits: [],
  duplicateLetters: [],
  missingDocuments: [],
  termEnd: null,
  validityDays: 30,
  trusted: false,
  ...over,
});

describe('the first answer', () => {
  test.each<[string, Partial<LineFacts>, string, string | null]>([
    ['nothing speaks against it', {}, 'approved', null],
    ['no cover on the date', { findings: [finding('ELIG-02')] }, 'refused', 'ELIG-02'],
    [
      'excluded service beside a medical doubt',
      { findings: [finding('CLIN-01'), finding('ELIG-04')] },
      'refused',
      'ELIG-04',
    ],
    ['an open letter for the same', { duplicateLetters: ['GL-1/1'] }, 'refused', 'DUPL-01'],
    ['a document is missing', { missingDocuments: ['referral'] }, 'pended', null],
    ['an unknown diagnosis', { findings: [finding('CLIN-02')] }, 'pended', null],
    ['not in the guideline', { findings: [finding('CLIN-01')] }, 'pended', null],
    ['contraindicated', { findings: [finding('CLIN-03')] }, 'pended', null],
    ['no price', { unitPrice: null }, 'pended', null],
    ['above the ceiling', { unitPrice: 3_000_000 }, 'pended', null],
    [
      'a billing finding says nothing about a promise',
      { findings: [finding('PRIC-02'), finding('LIMI-03')] },
      'approved',
      null,
    ],
    ['trusted: no document is asked for', { trusted: true, missingDocuments: ['referral'] }, 'approved', null],
    ['trusted, but contraindicated', { trusted: true, findings: [finding('CLIN-03')] }, 'pended', null],
    [
      'the limit is used up',
      { limits: [{ key: 'A17', yearStart: '2025-01-01', unit: 'units', cap: 10, left: 0 }] },
      'refused',
      'LIMI-01',
    ],
    [
      'the limit leaves one',
      { limits: [{ key: 'A17', yearStart: '2025-01-01', unit: 'units', cap: 10, left: 1 }] },
      'partially-approved',
      'LIMI-01',
    ],
    [
      'the yearly sum leaves one',
      { limits: [{ key: 'annual', yearStart: '2025-01-01', unit: 'kopecks', cap: 1, left: 150_000 }] },
      'partially-approved',
      'LIMI-02',
    ],
  ])('%s', (_name, over, state, reasonCode) => {
    const answer = firstAnswer([facts(over)], POLICY);
    expect(answer.state).toBe(state);
    expect(answer.lines[0]!.reasonCode).toBe(reasonCode);
  });

  test('lines share a limit: the second gets what the first leaves', () => {
    const limits = [{ key: 'A17', yearStart: '2025-01-01', unit: 'units' as const, cap: 10, left: 3 }];
    const answer = firstAnswer([facts({ limits }), facts({ lineNo: 2, limits })], POLICY);
    expect(answer.lines.map((line) => line.quantity)).toEqual([2, 1]);
  });

  test('whatever the facts, it never refuses on medical grounds and never promises beyond a limit', () => {
    const codes = ['ELIG-01', 'ELIG-05', 'CLIN-01', 'CLIN-03', 'DEMO-01', 'FREQ-02', 'COMB-02', 'PLAU-03', 'LIMI-03'];
    const anyLine = fc.record({
      quantity: fc.integer({ min: 1, max: 20 }),
      unitPrice: fc.option(fc.integer({ min: 1, max: 10_000_000 }), { nil: null }),
      franchisePercent: fc.constantFrom(0, 10, 12.5, 50),
      findings: fc.subarray(codes).map((list) => list.map(finding)),
      limits: fc
        .tuple(fc.integer({ min: -5, max: 30 }), fc.integer({ min: -5, max: 50_000_000 }))
        .map(([units, kopecks]): LineFacts['limits'] => [
          { key: 'A', yearStart: '2025-01-01', unit: 'units', cap: 30, left: units },
          { key: 'annual', yearStart: '2025-01-01', unit: 'kopecks', cap: 50_000_000, left: kopecks },
        ]),
      missingDocuments: fc.subarray(['referral']),
      trusted: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(anyLine, { minLength: 1, maxLength: 6 }), (lines) => {
        const { limits } = lines[0]!;
        const all = lines.map((line, i) => facts({ ...line, limits, lineNo: i + 1 }));
        const answer = firstAnswer(all, POLICY);
        for (const [i, line] of answer.lines.entries()) {
          expect(line.ground).not.toBe('medical');
          expect(line.reasonCode ?? 'ELIG').toMatch(/^(ELIG|DUPL|LIMI)/);
          expect(line.quantity).toBeLessThanOrEqual(all[i]!.quantity);
        }
        for (const limit of limits) {
          const reserved = answer.lines.flatMap((line) => line.reserve).filter((part) => part.key === limit.key);
          const sum = reserved.reduce((total, part) => total + part.amount, 0);
          expect(sum).toBeLessThanOrEqual(Math.max(0, limit.left));
        }
      }),
    );
  });

  test.each([
    [100, 50, 50],
    [101, 50, 51],
    [333, 12.5, 42],
    [1, 0, 0],
    [10_005, 10, 1001],
  ])('the patient pays of %i kopecks at %d%%: %i, half up', (amount, percent, share) => {
    expect(patientShareOf(amount, percent)).toBe(share);
  });
});

const line = (over: Partial<LetterRecordLine> = {}): LetterRecordLine => ({
  lineNo: 1,
  quantity: 3,
  unitPrice: 100_000,
  periodFrom: '2025-12-01',
  periodTo: '2025-12-31',
  validityDays: null,
  outcome: 'pended',
  approvedQuantity: 0,
  approvedKopecks: 0,
  approvedFrom: null,
  approvedTo: null,
  usedQuantity: 0,
  usedKopecks: 0,
  ground: null,
  reasonCode: null,
  clause: null,
  author: null,
  ...over,
});

const letter = (over: Partial<LetterRecord> = {}): LetterRecord => ({
  requestId: 'r',
  number: 'GL-1',
  urgency: 'standard',
  state: 'pended',
  pendedFor: 'expert',
  submittedAt: '2025-12-01T09:00:00.000Z',
  finalAt: null,
  clock: null,
  escalatedAt: null,
  overdue: false,
  proposedBy: null,
  proposal: null,
  awaitsLead: false,
  decidedBy: [],
  validTo: null,
  requestedKopecks: 300_000,
  fourEyesKopecks: 30_000_000,
  escalateBeforePercent: 25,
  lines: [line()],
  ...over,
});

const AT = '2025-12-02T09:00:00.000Z';
const ANNA = { id: 'anna', fullName: 'Орлова А. С.', lead: false };
const PETR = { id: 'petr', fullName: 'Соколов П. И.', lead: true };
const act = (made: LetterAct) => ({ requestKey: 'k', at: AT, act: made });
const approve = (doctor = ANNA): LetterAct => ({
  kind: 'decide',
  doctor,
  lines: [{ lineNo: 1, kind: 'approve' }],
  note: null,
});
const refuse = (over: object = {}): LetterAct => ({
  kind: 'decide',
  doctor: ANNA,
  lines: [{ lineNo: 1, kind: 'refuse', ground: 'medical', reasonCode: 'CLIN-01', clause: 'п. 2', ...over }],
  note: null,
});

describe('the doctor', () => {
  test('approves, refuses with reason and clause, and is named on the line', () => {
    expect(applyAct(letter(), act(approve()))).toMatchObject({ state: 'approved', validTo: '2025-12-31', finalAt: AT });
    const refused = applyAct(letter(), act(refuse()));
    expect(refused.state).toBe('refused');
    expect(refused.lines[0]).toMatchObject({ ground: 'medical', author: { kind: 'doctor', name: 'Орлова А. С.' } });
  });

  test.each<[string, LetterRecord, LetterAct, string]>([
    ['no name', letter(), { ...approve(), doctor: { ...ANNA, fullName: ' ' } } as LetterAct, 'letter.doctor-unnamed'],
    ['no clause for a medical refusal', letter(), refuse({ clause: '' }), 'letter.clause-missing'],
    ['no reason code', letter(), refuse({ reasonCode: ' ' }), 'letter.reason-missing'],
    ['the reason "other"', letter(), refuse({ reasonCode: 'OTHER' }), 'letter.reason-missing'],
    [
      'a line that is not there',
      letter(),
      { ...approve(), lines: [{ lineNo: 9, kind: 'approve' }] } as LetterAct,
      'letter.line-not-open',
    ],
    ['a line left out', letter({ lines: [line(), line({ lineNo: 2 })] }), approve(), 'letter.lines-missing'],
    ['documents are awaited', letter({ pendedFor: 'documents' }), approve(), 'letter.not-with-experts'],
    ['an answer is there', letter({ state: 'approved', pendedFor: null }), approve(), 'letter.not-with-experts'],
    ['the second pair of eyes is the first', letter({ proposedBy: 'anna' }), approve(), 'letter.four-eyes'],
    [
      'the appeal is judged by whom it is against',
      letter({ decidedBy: ['anna'] }),
      approve(),
      'letter.appeal-same-doctor',
    ],
    ['no price and no sum', letter({ lines: [line({ unitPrice: null })] }), approve(), 'letter.price-missing'],
  ])('may not decide: %s', (_name, record, made, code) => {
    expect(objectToAct(record, made)?.code).toBe(code);
    expect(() => applyAct(record, act(made))).toThrow(objectToAct(record, made)!.text.en);
  });

  test('above the contract’s sum a second doctor confirms', () => {
    const large = letter({ requestedKopecks: 30_000_000 });
    const proposed = applyAct(large, act(approve()));
    expect(proposed).toMatchObject({ state: 'pended', proposedBy: 'anna' });
    expect(applyAct(proposed, act(approve(PETR)))).toMatchObject({ state: 'approved', decidedBy: ['anna', 'petr'] });
  });

  test('a second doctor who disagrees sends it to the lead, who decides alone', () => {
    const IGOR = { id: 'igor', fullName: 'Белов И. Н.', lead: false };
    const proposed = applyAct(letter({ requestedKopecks: 30_000_000 }), act(approve()));
    const disputed = applyAct(proposed, act({ ...refuse(), doctor: IGOR } as LetterAct));
    expect(disputed).toMatchObject({ state: 'pended', awaitsLead: true, proposedBy: null, escalatedAt: AT });
    expect(disputed.lines[0]).toMatchObject({ outcome: 'pended', approvedQuantity: 0 });
    for (const doctor of [ANNA, IGOR, { ...IGOR, id: 'oleg' }]) {
      expect(objectToAct(disputed, approve(doctor))?.code).toBe('letter.lead-only');
    }
    expect(applyAct(disputed, act(approve(PETR)))).toMatchObject({ state: 'approved', awaitsLead: false });
  });

  test.each<[string, object, string]>([
    ['a sum above the price', { amount: 200_001 }, 'letter.amount-range'],
    ['a sum of nothing', { amount: 0 }, 'letter.amount-range'],
    ['a period beyond what was asked', { periodTo: '2026-01-01' }, 'letter.period-range'],
    [
      'a period that ends before it starts',
      { periodFrom: '2025-12-20', periodTo: '2025-12-10' },
      'letter.period-range',
    ],
    ['more than was asked', { quantity: 4 }, 'letter.quantity-range'],
  ])('may not promise %s', (_name, over, code) => {
    const part = { lineNo: 1, kind: 'approve-part', quantity: 2, amount: null, periodFrom: null, periodTo: null };
    const lines = [{ ...part, reasonCode: 'FREQ-01', clause: 'п. 2', ...over }];
    const made = { kind: 'decide', doctor: ANNA, lines, note: null } as unknown as LetterAct;
    expect(objectToAct(letter(), made)?.code).toBe(code);
  });

  test('a line decided twice in one decision is refused', () => {
    const two = letter({ lines: [line(), line({ lineNo: 2 })] });
    const twice = { ...approve(), lines: [1, 2, 1].map((lineNo) => ({ lineNo, kind: 'approve' })) } as LetterAct;
    expect(objectToAct(two, twice)?.code).toBe('letter.lines-missing');
  });

  test('a second opinion takes the first doctor out', () => {
    const asked = applyAct(letter(), act({ kind: 'second-opinion', doctor: ANNA, question: '?' }));
    expect(objectToAct(asked, approve(ANNA))?.code).toBe('letter.appeal-same-doctor');
    expect(objectToAct(asked, approve(PETR))).toBeNull();
  });
});

describe('a letter in force', () => {
  const inForce = applyAct(letter(), act(approve()));
  const used = (quantity: number) =>
    applyAct(inForce, act({ kind: 'use', lines: [{ lineNo: 1, quantity, kopecks: quantity * 100_000 }] }));

  test('is used up unit by unit, and stands again when an invoice is taken back', () => {
    expect(used(1).state).toBe('approved');
    expect(used(3).state).toBe('used');
    expect(applyAct(used(3), act({ kind: 'use', lines: [] })).state).toBe('approved');
  });

  test('keeps its promise while a cut is appealed; the appeal has a clock of its own and cannot end worse', () => {
    const clock = startClock('2025-12-01T09:00:00.000Z', 'standard', POLICY);
    const part = { lineNo: 1, kind: 'approve-part', quantity: 2, amount: null, periodFrom: null, periodTo: null };
    const cut = {
      kind: 'decide',
      doctor: ANNA,
      lines: [{ ...part, reasonCode: 'FREQ-01', clause: 'п. 2' }],
      note: null,
    } as unknown as LetterAct;
    const decided = applyAct(letter({ clock }), act(cut));
    const actor = { role: 'clinic', id: 'c', name: null };
    const later = '2025-12-09T09:00:00.000Z';
    const appeal: LetterAct = { kind: 'appeal', actor, reason: 'x', lineNos: [1] };
    const appealed = applyAct(decided, { ...act(appeal), at: later });
    expect(appealed).toMatchObject({ state: 'pended', clock: { startedAt: later } });
    expect(appealed.lines[0]).toMatchObject({ outcome: 'pended', approvedQuantity: 2 });
    expect(isPromised(appealed.lines[0]!)).toBe(true);
    expect(objectToAct(appealed, { ...refuse(), doctor: PETR } as LetterAct)?.code).toBe('letter.appeal-worse');
    expect(applyAct(appealed, act({ ...cut, doctor: PETR } as LetterAct)).lines[0]).toMatchObject({
      outcome: 'partial',
    });
    const invoiced = applyAct(appealed, act({ kind: 'use', lines: [{ lineNo: 1, quantity: 1, kopecks: 100_000 }] }));
    expect(invoiced).toMatchObject({ state: 'pended', lines: [{ usedQuantity: 1 }] });
    const unanswered = closeUnanswered({ ...appealed, pendedFor: 'documents' }, later);
    expect(unanswered).toMatchObject({ state: 'partially-approved', validTo: '2025-12-31' });
  });

  test('is cut, but not below what was used', () => {
    const cut = (quantity: number): LetterAct => ({
      kind: 'amend',
      doctor: ANNA,
      reason: 'x',
      lines: [{ lineNo: 1, quantity }],
    });
    expect(applyAct(used(1), act(cut(2)))).toMatchObject({ state: 'amended' });
    expect(objectToAct(used(2), cut(1))?.code).toBe('letter.not-now');
    expect(objectToAct(inForce, cut(4))?.code).toBe('letter.not-now');
  });

  test('is extended to a later day only, cancelled whole or by line', () => {
    expect(objectToAct(inForce, { kind: 'extend', doctor: ANNA, validTo: '2025-12-30' })?.code).toBe('letter.not-now');
    expect(applyAct(inForce, act({ kind: 'extend', doctor: ANNA, validTo: '2026-01-31' })).lines[0]!.approvedTo).toBe(
      '2026-01-31',
    );
    const actor = { role: 'clinic', id: 'c', name: null };
    const cancelled = applyAct(inForce, act({ kind: 'cancel', actor, reason: 'x', lineNos: [] }));
    expect(cancelled).toMatchObject({ state: 'cancelled', lines: [{ outcome: 'cancelled', approvedQuantity: 0 }] });
  });
});

test.each([
  [[{ serviceCode: 'B01.047.001', diagnosisCode: 'J06' }], null],
  [[{ serviceCode: 'A16.07.002', diagnosisCode: 'K02.1' }], 'dentistry'],
  [[{ serviceCode: 'A16.20.001', diagnosisCode: 'C50' }], 'oncology'],
  [[{ serviceCode: 'A17.30.001', diagnosisCode: 'M54' }], 'physiotherapy'],
])('a request needs the skill of its codes', (lines, skill) => {
  expect(skillFor(lines)).toBe(skill);
});

test.each([
  ['2025-03-01', '2026-02-28', '2025-03-01', '2026-02-28'],
  ['2025-03-01', '2026-03-01', '2026-03-01', '2027-02-28'],
  ['2024-02-29', '2025-02-28', '2024-02-29', '2025-02-28'],
  ['2024-02-29', '2025-03-01', '2025-03-01', '2026-02-28'],
])('a contract of %s: %s lies in the year from %s to %s', (start, date, yearStart, yearEnd) => {
  expect(contractYear(start, date)).toEqual({ yearStart, yearEnd });
});

test('a conflict of interest blocks even the lead', () => {
  const request = { skill: null, clinicId: 7, policyId: 9 };
  const lead = { skills: [], lead: true };
  expect(mayTake({ ...lead, conflicts: [] }, request)).toBe(true);
  expect(mayTake({ ...lead, conflicts: [{ clinicId: 7, policyId: 0 }] }, request)).toBe(false);
});
