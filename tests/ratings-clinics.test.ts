import fc from 'fast-check';
import { seededRandom } from '../models/fraud/math';
import { expectedFindings, rateClinics, type ClinicRecord } from '../models/ratings/internal-rating';
import { ratePeople, type PatientRating } from '../models/ratings/people-rating';
import { rankChanges, rankClinics } from '../models/ratings/rank';
import { normalCdf, shrinkMeans } from '../models/ratings/shrink';

const noEvidence = { findings: [], disputes: [], answers: [], prices: [], fraud: [] };

function record(clinicId: string, rate: number, lines: number, more: Partial<ClinicRecord> = {}): ClinicRecord {
  return {
    clinicId,
    strata: [{ stratum: 'lab', lines, findings: Math.round(lines * rate) }],
    disputes: { decided: 20, lost: 5 },
    answerHours: [10, 20, 30],
    priceRatios: [0.9, 1, 1.1],
    confirmedFraud: 0,
    paid: 100_000_000,
    evidence: { ...noEvidence, findings: [`${clinicId}-f1`] },
    ...more,
  };
}

describe('the internal rating', () => {
  const market = Array.from({ length: 12 }, (_, i) => record(`c${i}`, 0.05 + 0.005 * (i % 5), 1500 + 100 * i));

  it('puts a clinic with many findings below the others and keeps the lines behind it', () => {
    const rated = rateClinics([...market, record('bad', 0.15, 2000)]);
    const bad = rated.find(({ clinicId }) => clinicId === 'bad')!;
    expect(Math.min(...rated.map(({ score }) => score))).toBe(bad.score);
    expect(bad.components.find(({ name }) => name === 'findings')!.evidence).toEqual(['bad-f1']);
    expect(bad.low).toBeLessThan(bad.score);
    expect(bad.high).toBeGreaterThan(bad.score);
  });

  it('does not condemn a tiny clinic for one bad day: the same rate on 20 lines moves less and is less sure', () => {
    const large = rateClinics([...market, record('x', 0.15, 2000)]).find(({ clinicId }) => clinicId === 'x')!;
    const tiny = rateClinics([...market, record('x', 0.15, 20)]).find(({ clinicId }) => clinicId === 'x')!;
    expect(tiny.score).toBeGreaterThan(large.score);
    expect(tiny.overall.sd).toBeGreaterThan(large.overall.sd);
  });

  it('adjusts for case mix: a clinic of hard cases at the market rate of hard cases is not worse', () => {
    const strata = (easy: number, hard: number): ClinicRecord['strata'] => [
      { stratum: 'easy', lines: easy, findings: Math.round(easy * 0.02) },
      { stratum: 'hard', lines: hard, findings: Math.round(hard * 0.2) },
    ];
    const clinics = [
      record('easy', 0, 0, { strata: strata(2000, 200) }),
      record('hard', 0, 0, { strata: strata(200, 2000) }),
      record('both', 0, 0, { strata: strata(1000, 1000) }),
    ];
    expectedFindings(clinics).forEach((expected, i) => {
      const seen = clinics[i]!.strata.reduce((sum, { findings }) => sum + findings, 0);
      expect(Math.abs(seen / expected - 1)).toBeLessThan(0.05);
    });
  });

  it.each([
    ['confirmed fraud', { confirmedFraud: 20_000_000 }],
    ['high prices', { priceRatios: [1.6, 1.7, 1.8, 1.65, 1.75] }],
    ['lost disputes', { disputes: { decided: 60, lost: 55 } }],
    ['slow answers', { answerHours: [200, 250, 300, 260, 240] }],
  ] as [string, Partial<ClinicRecord>][])('counts %s against the clinic', (_name, more) => {
    const spread = market.map((one, i) => ({
      ...one,
      confirmedFraud: i === 0 ? 300_000 : 0,
      priceRatios: [0.9 + 0.02 * i, 1 + 0.02 * i],
      disputes: { decided: 20, lost: 3 + (i % 5) },
      answerHours: [8 + i, 20 + i, 30],
    }));
    const scoreOf = (own: ClinicRecord): number =>
      rateClinics([...spread, own]).find(({ clinicId }) => clinicId === 'x')!.score;
    expect(scoreOf(record('x', 0.06, 2000, more))).toBeLessThan(scoreOf(record('x', 0.06, 2000)));
  });
});

describe("the people's rating", () => {
  const rules = { today: 20_000, halfLifeDays: 180, maxAgeDays: 730 };
  const stars = (clinicId: string, count: number, rating: number, day = 19_990): PatientRating[] =>
    Array.from({ length: count }, (_, i) => ({ clinicId, surveyId: `${clinicId}${i}`, day, rating }));
  const mixed = (clinicId: string, low: number, high: number): PatientRating[] => [
    ...stars(clinicId, 30, low),
    ...stars(clinicId, 30, high),
  ];

  it('pulls a single five towards the market and says how little it knows', () => {
    const rated = ratePeople([...mixed('a', 3, 5), ...mixed('b', 2, 4), ...stars('one', 1, 5)], rules);
    const one = rated.find(({ clinicId }) => clinicId === 'one')!;
    expect(one.stars!).toBeLessThan(4.5);
    expect(one.high - one.low).toBeGreaterThan(rated[0]!.high - rated[0]!.low);
    expect(one.evidence).toEqual(['one0']);
  });

  it('lets recent answers outweigh old ones and drops those past the age', () => {
    const old = ratePeople([...stars('a', 20, 1, 19_400), ...stars('a', 20, 5), ...mixed('b', 2, 4)], rules);
    expect(old.find(({ clinicId }) => clinicId === 'a')!.stars!).toBeGreaterThan(3.5);
    expect(ratePeople(stars('a', 5, 1, 19_000), rules)).toEqual([]);
  });

  it('covers the truth about nine times in ten', () => {
    const random = seededRandom(4);
    let covered = 0;
    let all = 0;
    for (let round = 0; round < 40; round++) {
      const truth = new Map<string, number>();
      const ratings: PatientRating[] = [];
      for (let c = 0; c < 15; c++) {
        const good = 0.4 + 0.4 * random();
        truth.set(`c${c}`, 1 + 4 * good);
        const count = 5 + Math.floor(random() * 60);
        for (let i = 0; i < count; i++) {
          const rating = 1 + [0, 1, 2, 3].filter(() => random() < good).length;
          ratings.push({ clinicId: `c${c}`, surveyId: `${c}-${i}`, day: 20_000, rating });
        }
      }
      for (const { clinicId, low, high } of ratePeople(ratings, rules)) {
        all++;
        if (truth.get(clinicId)! >= low && truth.get(clinicId)! <= high) covered++;
      }
    }
    expect(covered / all).toBeGreaterThan(0.85);
    expect(covered / all).toBeLessThan(0.96);
  });
});

describe('places and their changes', () => {
  const clinics = (means: number[], sd: number) =>
    means.map((mean, i) => ({ clinicId: `c${i}`, estimate: { mean, sd } }));

  it('gives every clinic all places when nothing is sure, and one place each when everything is', () => {
    expect(rankClinics(clinics([1, 1.1, 1.2], 1), 'high').map((r) => [r.bestPlace, r.worstPlace])).toEqual([
      [1, 3],
      [1, 3],
      [1, 3],
    ]);
    expect(rankClinics(clinics([3, 2, 1], 0.01), 'high').map((r) => [r.clinicId, r.bestPlace, r.worstPlace])).toEqual([
      ['c0', 1, 1],
      ['c1', 2, 2],
      ['c2', 3, 3],
    ]);
  });

  it('shows no change inside the noise, though places swap', () => {
    const changes = rankChanges(clinics([3, 3.1], 0.3), clinics([3.1, 3], 0.3), 'high');
    expect(changes.map(({ change }) => change)).toEqual(['same', 'same']);
  });

  it('shows a real change, and a new clinic as new', () => {
    const changes = rankChanges(
      clinics([2, 3], 0.1),
      [...clinics([4, 3], 0.1), { clinicId: 'z', estimate: { mean: 1, sd: 1 } }],
      'high',
    );
    expect(changes.map(({ clinicId, change }) => [clinicId, change])).toEqual([
      ['c0', 'up'],
      ['c1', 'same'],
      ['z', 'new'],
    ]);
  });

  it('never calls the same clinic up on one scale and up on the flipped one', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 1, max: 5, noNaN: true }), { minLength: 2, maxLength: 6 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (means, sd) => {
          const after = clinics([...means].reverse(), sd);
          const high = rankChanges(clinics(means, sd), after, 'high');
          const low = rankChanges(clinics(means, sd), after, 'low');
          high.forEach(({ change }, i) => expect(change !== 'same' && change === low[i]!.change).toBe(false));
        },
      ),
    );
  });
});

describe('shrinkage', () => {
  it('keeps precise means, pulls vague ones to the middle, and fills in the unknown', () => {
    const { units, mean } = shrinkMeans([
      { mean: 0, sd: 0.01 },
      { mean: 2, sd: 0.01 },
      { mean: 2, sd: 5 },
      { mean: Number.NaN, sd: Number.POSITIVE_INFINITY },
    ]);
    expect(units[0]!.mean).toBeCloseTo(0, 2);
    expect(Math.abs(units[2]!.mean - mean)).toBeLessThan(0.2);
    expect(units[3]!.mean).toBe(mean);
  });

  it.each([
    [0, 0.5],
    [1.959964, 0.975],
    [-1.644854, 0.05],
  ])('has the normal distribution at %d', (z, p) => {
    expect(normalCdf(z)).toBeCloseTo(p, 5);
  });
});
