import fc from 'fast-check';
import { startCounts, toRates } from '../models/fraud/answer-rates';
import { seededRandom } from '../models/fraud/math';
import { mapAnswers } from '../models/feedback/survey/answers';
import {
  chooseVisits,
  inclusionRates,
  type ChoiceRules,
  type PersonLimits,
  type VisitCandidate,
} from '../models/feedback/survey/choose';
import { estimateRate } from '../models/feedback/survey/estimate';
import { surveyEvidence } from '../models/feedback/survey/evidence';
import { MOST_FACTS, writeQuestions, type AskableLine, type AskableVisit } from '../models/feedback/survey/questions';

const RULES: ChoiceRules = { budget: 100, periodDays: 90, quietDays: 14, auditShare: 0.3, today: 20_000, seed: 5 };
const willing: PersonLimits = { optedOut: false, reachable: true, perPeriod: 2, sentOn: [] };

function visit(i: number, more: Partial<VisitCandidate> = {}): VisitCandidate {
  return {
    visitId: `v${i}`,
    personId: `p${i}`,
    clinicId: `c${i % 20}`,
    day: 19_999,
    risk: 0.02,
    payable: 500_000,
    uncertainty: 0.05,
    ...more,
  };
}

describe('choosing whom to ask', () => {
  const visits = Array.from({ length: 2000 }, (_, i) => visit(i));

  it('spends about the budget, and the same seed draws the same visits', () => {
    const chosen = chooseVisits(visits, () => willing, RULES);
    expect(Math.abs(chosen.length - RULES.budget)).toBeLessThan(40);
    expect(
      chooseVisits([...visits].reverse(), () => willing, RULES)
        .map((v) => v.visitId)
        .sort(),
    ).toEqual(chosen.map((v) => v.visitId).sort());
  });

  it.each([
    ['opted out', { optedOut: true }],
    ['cannot be reached', { reachable: false }],
    ['allows none', { perPeriod: 0 }],
    ['was asked last week', { sentOn: [19_995] }],
    ['was asked twice this quarter', { sentOn: [19_930, 19_960] }],
  ] as [string, Partial<PersonLimits>][])('never asks a person who %s', (_why, limits) => {
    const all = { ...RULES, budget: 5000 };
    expect(chooseVisits(visits, () => ({ ...willing, ...limits }), all)).toEqual([]);
  });

  it('asks a person once however many visits there were', () => {
    const many = Array.from({ length: 300 }, (_, i) => visit(i, { personId: `p${i % 30}` }));
    const chosen = chooseVisits(many, () => willing, { ...RULES, budget: 300 });
    expect(new Set(chosen.map((v) => v.personId)).size).toBe(chosen.length);
    expect(chosen.length).toBe(30);
    expect(chosen.every((v) => Math.abs(v.probability - 0.1) < 1e-9)).toBe(true);
  });

  it('prefers doubtful visits, but leaves every visit a chance', () => {
    const mixed = visits.map((one, i) => (i < 100 ? { ...one, risk: 0.5, uncertainty: 0.4 } : one));
    const chosen = chooseVisits(mixed, () => willing, RULES);
    const share = chosen.filter((v) => Number(v.visitId.slice(1)) < 100).length / chosen.length;
    expect(share).toBeGreaterThan(0.25);
    expect(chosen.some((v) => v.reason === 'audit')).toBe(true);
  });

  it('gives rates that sum to the budget and never pass one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.01, max: 1000, noNaN: true }), { minLength: 1, maxLength: 50 }),
        fc.double({ min: 0, max: 60, noNaN: true }),
        (values, expected) => {
          const rates = inclusionRates(values, expected);
          expect(rates.every((rate) => rate >= 0 && rate <= 1 + 1e-12)).toBe(true);
          expect(rates.reduce((a, b) => a + b, 0)).toBeCloseTo(Math.min(expected, values.length), 6);
        },
      ),
    );
  });
});

describe('estimating rates from answers asked at unequal chances', () => {
  it('is free of the bias of asking the suspicious, and covers the truth', () => {
    const random = seededRandom(9);
    let naive = 0;
    let weighted = 0;
    let covered = 0;
    const rounds = 200;
    for (let round = 0; round < rounds; round++) {
      const answers: { denied: boolean; probability: number }[] = [];
      for (let i = 0; i < 3000; i++) {
        const risky = i < 300;
        const probability = risky ? 0.6 : 0.05;
        if (random() < probability) answers.push({ denied: random() < (risky ? 0.4 : 0.03), probability });
      }
      const estimate = estimateRate(answers)!;
      naive += answers.filter((a) => a.denied).length / answers.length / rounds;
      weighted += estimate.rate / rounds;
      const truth = 0.1 * 0.4 + 0.9 * 0.03;
      if (estimate.low <= truth && truth <= estimate.high) covered++;
    }
    expect(naive).toBeGreaterThan(0.15);
    expect(weighted).toBeCloseTo(0.067, 2);
    expect(covered / rounds).toBeGreaterThan(0.9);
    expect(estimateRate([])).toBeNull();
  });
});

const line = (
  lineNo: number,
  serviceCode: string,
  kind: AskableLine['kind'],
  more: Partial<AskableLine> = {},
): AskableLine => ({
  lineNo,
  serviceCode,
  kind,
  quantity: 1,
  specialty: null,
  risk: 0.1,
  ...more,
});

const VISIT: AskableVisit = {
  date: '2026-03-12',
  clinicName: 'Ясень',
  lines: [
    line(1, 'B01.023.001', 'consultation', { specialty: 'невролог' }),
    line(2, 'A09.05.023', 'lab', { risk: 0.3 }),
    line(3, 'B03.016.002', 'lab', { risk: 0.2 }),
    line(4, 'A06.03.015', 'imaging', { risk: 0.5 }),
    line(5, 'A26.06.041', 'lab', { risk: 0.05 }),
  ],
};

describe('the questions of a survey', () => {
  const questions = writeQuestions(VISIT);

  it('are facts a patient can know, in both languages, the riskiest first', () => {
    expect(questions.map(({ text }) => text.ru).slice(0, 4)).toEqual([
      'Были ли вы 12 марта в клинике «Ясень»?',
      'Делали ли вам рентген или снимок?',
      'Брали ли у вас кровь?',
      'Принимал ли вас невролог?',
    ]);
    expect(questions[0]!.text.en).toBe('Were you at the clinic "Ясень" on 12 March?');
    expect(questions.every(({ text }) => text.en.length > 0)).toBe(true);
  });

  it('ask one fact once for all its lines and no more facts than fit a minute', () => {
    const facts = questions.filter(({ question }) => question === 'service-rendered');
    expect(facts).toHaveLength(MOST_FACTS);
    expect(facts[1]!.lineNos).toEqual([2, 3]);
  });

  it.each([
    ['dermatologist for a venereal disease', line(1, 'B01.008.001', 'consultation', { specialty: 'дерматовенеролог' })],
    ['oncologist', line(1, 'B01.027.001', 'consultation', { specialty: 'онколог' })],
    ['psychiatrist', line(1, 'B01.035.001', 'consultation', { specialty: 'психиатр' })],
    ['test for an infection', line(1, 'A26.06.049.001', 'lab')],
    ['tumour marker', line(1, 'A09.05.130', 'lab')],
  ])('never tell of the condition behind a %s', (_what, one) => {
    const text = writeQuestions({ ...VISIT, lines: [one] })
      .map((question) => `${question.text.ru} ${question.text.en}`)
      .join(' ');
    expect(text).not.toMatch(
      /венер|онко|псих|вич|hiv|сифил|опухол|tumou?r|oncolog|psych|антиген|диагноз|[A-Z]\d\d\.\d/i,
    );
  });

  it('ask about minutes only where a doctor was billed', () => {
    const kinds = writeQuestions({ ...VISIT, lines: [line(1, 'A09.05.023', 'lab')] }).map(({ question }) => question);
    expect(kinds).not.toContain('duration-minutes');
    expect(questions.map(({ question }) => question)).toContain('duration-minutes');
  });
});

describe('the answers of a survey', () => {
  const questions = writeQuestions(VISIT);

  it('become rows for every line of the fact', () => {
    const rows = mapAnswers(questions, { q1: 'yes', q3: 'no', q5: '12', q6: 'yes', q7: '2', q8: ' кровь не брали ' });
    expect(rows).toEqual([
      { lineNo: null, question: 'visit-happened', answer: 'yes' },
      { lineNo: 2, question: 'service-rendered', answer: 'no' },
      { lineNo: 3, question: 'service-rendered', answer: 'no' },
      { lineNo: null, question: 'duration-minutes', answer: '12' },
      { lineNo: null, question: 'paid-extra', answer: 'yes' },
      { lineNo: null, question: 'rating', answer: '2' },
      { lineNo: null, question: 'comment', answer: 'кровь не брали' },
    ]);
  });

  it('drop what was asked about a visit that did not happen', () => {
    expect(mapAnswers(questions, { q1: 'no', q2: 'yes', q5: '10', q7: '1' }).map(({ question }) => question)).toEqual([
      'visit-happened',
      'rating',
    ]);
  });

  it.each([
    [{}, 'q1'],
    [{ q1: 'maybe' }, 'q1'],
    [{ q1: 'yes', q5: '-3' }, 'q5'],
    [{ q1: 'yes', q7: '6' }, 'q7'],
    [{ q1: 'yes', q99: 'x' }, 'q99'],
    [{ q1: 'yes', q8: 'x'.repeat(2001) }, 'q8'],
  ] as [Record<string, string>, string][])('are refused with the question named: %j', (submitted, question) => {
    expect(() => mapAnswers(questions, submitted)).toThrow(
      expect.objectContaining({ code: 'survey-answer-invalid', details: { question } }),
    );
  });
});

describe('the evidence of a survey', () => {
  const rates = toRates(startCounts());
  const lines = [
    { lineNo: 2, prior: 0.1 },
    { lineNo: 4, prior: 0.1 },
  ];
  const posterior = (rows: Parameters<typeof surveyEvidence>[0], said?: boolean): number[] =>
    surveyEvidence(rows, lines, rates, said).map((one) => one.posterior);

  it('raises a denied line and lowers a confirmed one', () => {
    const [denied, confirmed] = posterior([
      { lineNo: 2, question: 'service-rendered', answer: 'no' },
      { lineNo: 4, question: 'service-rendered', answer: 'yes' },
    ]);
    expect(denied!).toBeGreaterThan(0.5);
    expect(confirmed!).toBeLessThan(0.1);
  });

  it('raises all lines of a visit that did not happen, and nothing by silence', () => {
    const denied = posterior([{ lineNo: null, question: 'visit-happened', answer: 'no' }]);
    expect(Math.min(...denied)).toBeGreaterThan(0.3);
    posterior([]).forEach((p) => expect(p).toBeCloseTo(0.1, 9));
  });

  it('listens to a comment that something was not done', () => {
    const [first] = posterior([], true);
    expect(first!).toBeGreaterThan(0.2);
    expect(posterior([], false)[0]!).toBeLessThan(0.1);
  });
});
