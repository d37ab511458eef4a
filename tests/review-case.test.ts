import fc from 'fast-check';
import { actNumber, buildAct } from '../models/review-case/act';
import type { ActLine } from '../models/review-case/act';
import { checkDecisions, verdictOf } from '../models/review-case/decisions';
import type { CaseAuthor, LineDecision } from '../models/review-case/decisions';
import {
  acceptMoney,
  addMoney,
  balances,
  NO_MONEY,
  reduceMoney,
  refuseMoney,
  roubles,
} from '../models/review-case/money';
import { isProblem } from '../models/review-case/problems';
import { reasonsOf } from '../models/review-case/reasons';
import { groupTasks, lineAtRisk } from '../models/review-case/tasks';
import type { QueuedLine } from '../models/review-case/tasks';

const doctor: CaseAuthor = {
  userId: '00000000-0000-4000-8000-000000000001',
  fullName: 'Соколова Анна Викторовна',
  role: 'medical-expert',
};
const refuse = (over: Partial<LineDecision> = {}): LineDecision => ({
  lineNo: 1,
  kind: 'refuse',
  reasonCode: 'CLIN-01',
  ...over,
});

describe('decisions of people', () => {
  test.each<[string, CaseAuthor, LineDecision[], string]>([
    ['nothing decided', doctor, [], 'decision.empty'],
    ['a line twice', doctor, [refuse(), refuse()], 'decision.twice'],
    ['a refusal without a reason', doctor, [refuse({ reasonCode: undefined })], 'decision.no-reason'],
    ['a reason that says other', doctor, [refuse({ reasonCode: 'OTHER' })], 'decision.no-reason'],
    ['a statistical reason', doctor, [refuse({ reasonCode: 'STAT-01' })], 'decision.no-reason'],
    ["the patient's word as a reason", doctor, [refuse({ reasonCode: 'FEED-01' })], 'decision.no-reason'],
    ['a refusal with an amount', doctor, [refuse({ acceptedKopecks: 1 })], 'decision.amount'],
    ['a reduction without an amount', doctor, [refuse({ kind: 'reduce' })], 'decision.amount'],
    ['a broken amount', doctor, [refuse({ kind: 'reduce', acceptedKopecks: 0.5 })], 'decision.amount'],
    ['a negative amount', doctor, [refuse({ kind: 'reduce', acceptedKopecks: -1 })], 'decision.amount'],
    ['an accepted line with a reason', doctor, [refuse({ kind: 'accept' })], 'decision.accept-is-plain'],
    ['a doctor without a name', { ...doctor, fullName: '  ' }, [refuse()], 'decision.no-doctor'],
    ['an analyst', { ...doctor, role: 'analyst' }, [refuse()], 'decision.no-doctor'],
    ['an administrator', { ...doctor, role: 'administrator' }, [refuse()], 'decision.no-doctor'],
    ['a NUL in a note', doctor, [refuse({ noteToClinic: 'a\u0000b' })], 'decision.bad-text'],
  ])('%s is not taken', (_name, author, decisions, code) => {
    expect(checkDecisions(author, decisions)?.code).toBe(code);
  });

  test('a named doctor may accept, reduce and refuse', () => {
    const decisions: LineDecision[] = [
      { lineNo: 1, kind: 'accept' },
      { lineNo: 2, kind: 'reduce', acceptedKopecks: 100, reasonCode: 'LIMI-01' },
      refuse({ lineNo: 3 }),
    ];
    expect(checkDecisions(doctor, decisions)).toBeNull();
  });

  test.each([
    ['CLIN-01', 'medical'],
    ['FREQ-02', 'medical'],
    ['LIMI-02', 'administrative'],
    ['AUTH-01', 'administrative'],
  ])('the ground of %s is %s', (reasonCode, ground) => {
    expect(verdictOf({ amountKopecks: 100, patientShareKopecks: 0 }, refuse({ reasonCode }))).toMatchObject({ ground });
  });

  test('paying as much as was asked is no reduction', () => {
    const draft = verdictOf(
      { amountKopecks: 100, patientShareKopecks: 10 },
      refuse({ kind: 'reduce', acceptedKopecks: 90 }),
    );
    expect(isProblem(draft) && draft.code).toBe('decision.not-a-reduction');
  });

  test('every reason belongs to exactly one ground and none says other', () => {
    const all = [...reasonsOf('administrative'), ...reasonsOf('medical')];
    expect(new Set(all).size).toBe(35);
    expect(all.filter((code) => /other/i.test(code))).toEqual([]);
  });
});

describe('money', () => {
  test('always adds up, whatever the bill and the share', () => {
    fc.assert(
      fc.property(fc.nat(1e12), fc.integer({ min: -1e12, max: 1e12 }), fc.nat(1e12), (amount, share, accepted) => {
        const line = { amountKopecks: amount, patientShareKopecks: share };
        const all = [acceptMoney(line), refuseMoney(line), reduceMoney(line, accepted)].filter((each) => each !== null);
        return all.every((each) => balances(each) && Object.values(each).every((kopecks) => kopecks >= 0));
      }),
    );
  });

  test.each([
    [0, '0.00'],
    [5, '0.05'],
    [123456, '1234.56'],
    [-7, '-0.07'],
  ])('%d kopecks are %s roubles', (kopecks, text) => {
    expect(roubles(kopecks)).toBe(text);
  });
});

describe('tasks', () => {
  const queued = (over: Partial<QueuedLine>): QueuedLine => ({
    lineId: 1,
    versionId: 10,
    policyId: 100,
    hubId: 1,
    termDays: null,
    findings: [{ code: 'CLIN-01', atRiskKopecks: 500 }],
    askedKopecks: 1000,
    ...over,
  });

  test('one per person and invoice, with the shortest term and all codes, however the lines are ordered', () => {
    const lines = [
      queued({ lineId: 3, termDays: 10 }),
      queued({ lineId: 1, termDays: 5, findings: [{ code: 'FREQ-01', atRiskKopecks: 300 }] }),
      queued({ lineId: 2, policyId: 101 }),
      queued({ lineId: 4, versionId: 11 }),
    ];
    const byKey = (tasks: ReturnType<typeof groupTasks>) =>
      tasks.toSorted((a, b) => a.versionId - b.versionId || a.policyId - b.policyId);
    const tasks = byKey(groupTasks(lines));
    expect(tasks).toEqual(byKey(groupTasks(lines.toReversed())));
    expect(tasks).toHaveLength(3);
    expect(tasks[0]).toMatchObject({ lineIds: [1, 3], codes: ['CLIN-01', 'FREQ-01'], atRiskKopecks: 800, termDays: 5 });
    expect(tasks[1]!.termDays).toBe(10);
  });

  test('a line risks its largest finding once, and never more than was asked', () => {
    const findings = [
      { code: 'CLIN-01', atRiskKopecks: 900 },
      { code: 'FREQ-01', atRiskKopecks: 5000 },
    ];
    expect(lineAtRisk({ findings, askedKopecks: 1000 })).toBe(1000);
    expect(lineAtRisk({ findings: findings.slice(0, 1), askedKopecks: 1000 })).toBe(900);
  });
});

describe('the act', () => {
  const actLine = (lineNo: number, amount: number, accepted: number | null): ActLine => ({
    ...(accepted === null
      ? refuseMoney({ amountKopecks: amount, patientShareKopecks: 0 })
      : reduceMoney({ amountKopecks: amount, patientShareKopecks: 0 }, accepted)!),
    lineNo,
    policyNo: '1',
    serviceDate: '2026-02-03',
    itemCode: 'A',
    itemName: 'Услуга',
    kind: accepted === null ? 'refuse' : 'reduce',
    reasonCode: accepted === null ? 'CLIN-01' : 'PRIC-02',
    clause: null,
    explanation: null,
    noteToClinic: null,
    author: { kind: 'doctor', name: 'Соколова Анна Викторовна' },
  });
  const input = {
    number: actNumber(2026, 7, 0),
    supplementNo: 0,
    issuedAt: '2026-03-01T09:00:00.000Z',
    invoice: {
      clinicCode: 'C01',
      clinicName: 'Клиника',
      invoiceNo: '1',
      invoiceDate: '2026-02-10',
      version: 1,
      lineCount: 4,
      receivedAt: '2026-02-11T00:00:00.000Z',
    },
    accepted: { lines: 2, money: acceptMoney({ amountKopecks: 50_001, patientShareKopecks: 1 }) },
    lines: [actLine(9, 300, null), actLine(2, 1000, 400)],
    doctors: ['Б', 'А', 'Б'],
    ruleSetVersions: ['RS-1'],
  };

  test('adds up, groups by reason, sorts lines and authors', () => {
    const act = buildAct(input);
    expect(act.number).toBe('АМЭ-2026-000007');
    expect(act.totals).toEqual(
      addMoney(addMoney(input.accepted.money, refuseMoney({ amountKopecks: 300, patientShareKopecks: 0 })), {
        ...NO_MONEY,
        billedKopecks: 1000,
        acceptedKopecks: 400,
        reducedKopecks: 600,
      }),
    );
    expect(act.reasons.map((reason) => [reason.code, reason.kopecks])).toEqual([
      ['PRIC-02', 600],
      ['CLIN-01', 300],
    ]);
    expect(act.lines.map((line) => line.lineNo)).toEqual([2, 9]);
    expect(act.doctors).toEqual(['А', 'Б']);
    expect(act.acceptedLines).toBe(2);
  });

  test('does not leave the house when its parts do not add up', () => {
    const broken = { ...input, accepted: { lines: 1, money: { ...NO_MONEY, billedKopecks: 1 } } };
    expect(() => buildAct(broken)).toThrow(/do not add up/);
  });
});
