import fc from 'fast-check';
import { findNearDuplicates } from '../models/statistics/near-duplicates';
import { compareWithPeers } from '../models/statistics/peers';
import type { CaseCount, ServiceCount } from '../models/statistics/review';
import { reviewAddedServices, reviewNearDuplicates, reviewVisitUpcoding } from '../models/statistics/review';

/** Small deterministic generator (mulberry32): the same book of cases for the same seed. */
function generator(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

interface Book {
  cases: CaseCount[];
  services: ServiceCount[];
}

/** Honest clinics differ a little around a common share; `plant` raises one clinic of some volume at one rare service. */
function bookOf(seed: number, plant?: { clinic: number; rate: number }): Book {
  const random = generator(seed);
  const book: Book = { cases: [], services: [] };
  const diagnoses = ['J06', 'M54', 'I10', 'K29', 'N30', 'L20'];
  for (const [d, diagnosis] of diagnoses.entries()) {
    const bases = Array.from({ length: 8 }, (_, s) => (plant && d + s === 0 ? 0.1 : 0.02 + random() * 0.5));
    for (let clinic = 0; clinic < 24; clinic += 1) {
      const cases = clinic === plant?.clinic ? 120 : 15 + Math.floor(random() * 150);
      book.cases.push({ subject: `C${clinic}`, peerGroup: 'all', diagnosis, cases });
      for (const [s, base] of bases.entries()) {
        const planted = plant && clinic === plant.clinic && d === 0 && s === 0;
        const rate = planted ? plant.rate : Math.min(0.95, Math.max(0, base * (0.85 + random() * 0.3)));
        let casesWith = 0;
        for (let i = 0; i < cases; i += 1) if (random() < rate) casesWith += 1;
        const row = { subject: `C${clinic}`, peerGroup: 'all', diagnosis, service: `S${s}`, casesWith };
        if (casesWith > 0) book.services.push({ ...row, shareKopecks: casesWith * 120_000 });
      }
    }
  }
  return book;
}

describe('added services', () => {
  test('honest books raise few false alarms: at most one book in ten has any at a false discovery rate of 5%', () => {
    const books = Array.from({ length: 30 }, (_, seed) => bookOf(seed + 1));
    const alarms = books.map((book) => reviewAddedServices({ subjectKind: 'clinic', ...book }).length);
    expect(alarms.filter((count) => count > 0).length).toBeLessThanOrEqual(3);
    expect(Math.max(...alarms)).toBeLessThanOrEqual(2);
  });

  test('p-values of honest books are not too small: 5% or fewer lie below 0.05', () => {
    const pValues = Array.from({ length: 10 }, (_, seed) => bookOf(seed + 500)).flatMap(({ cases, services }) => {
      const of = new Map(services.map((row) => [`${row.subject}|${row.diagnosis}|${row.service}`, row.casesWith]));
      const counts = cases.flatMap(({ subject, diagnosis, cases: n }) =>
        Array.from({ length: 8 }, (_, s) => ({
          subject,
          key: `${diagnosis}|S${s}`,
          hits: of.get(`${subject}|${diagnosis}|S${s}`) ?? 0,
          cases: n,
        })),
      );
      return compareWithPeers(counts).all.map(({ pValue }) => pValue);
    });
    expect(pValues.length).toBeGreaterThan(10_000);
    expect(pValues.filter((p) => p < 0.05).length / pValues.length).toBeLessThanOrEqual(0.05);
  });

  test('a planted clinic is found in every book, with the comparison behind it', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const book = bookOf(seed, { clinic: 3, rate: 0.4 });
      const alerts = reviewAddedServices({ subjectKind: 'clinic', ...book });
      const found = alerts.find(
        ({ subject, diagnosis, service }) => subject === 'C3' && diagnosis === 'J06' && service === 'S0',
      );
      expect(found).toMatchObject({ code: 'STAT-01', effect: 'priority', comparison: { peers: 23 } });
      const { ownRate, peerMean, shrunkRate, low, high, qValue } = found!.comparison;
      expect(peerMean < shrunkRate && shrunkRate < ownRate && low < shrunkRate && shrunkRate < high).toBe(true);
      expect(qValue).toBeLessThanOrEqual(0.05);
      expect(found!.excessKopecks).toBeGreaterThan(0);
      expect(found!.explanation.ru).toMatch(
        /Клиника C3 при диагнозе J06 добавляет услугу S0 .*не основание для отказа/,
      );
      expect(found!.explanation.en).toMatch(/peers: .*not a ground for refusal/);
    }
  });

  test('small volume is not judged, however strange it looks', () => {
    const { cases, services } = bookOf(7);
    const tiny = { subject: 'tiny', peerGroup: 'all', diagnosis: 'J06' };
    const alerts = reviewAddedServices({
      subjectKind: 'clinic',
      cases: [...cases, { ...tiny, cases: 6 }],
      services: [...services, { ...tiny, service: 'S0', casesWith: 6, shareKopecks: 1 }],
    });
    expect(alerts.filter(({ subject }) => subject === 'tiny')).toEqual([]);
  });

  test('too few peers, no judgement', () => {
    const cases = ['a', 'b', 'c'].map((subject) => ({ subject, peerGroup: 'all', diagnosis: 'J06', cases: 100 }));
    const services = [
      { subject: 'a', peerGroup: 'all', diagnosis: 'J06', service: 'S', casesWith: 99, shareKopecks: 1 },
    ];
    expect(reviewAddedServices({ subjectKind: 'clinic', cases, services })).toEqual([]);
  });

  test('the order of the counts changes nothing, and unrelated diagnoses leave the comparison as it is', () => {
    const book = bookOf(11, { clinic: 5, rate: 0.9 });
    const reversed = { cases: book.cases.toReversed(), services: book.services.toReversed() };
    const keys = (input: Book) =>
      reviewAddedServices({ subjectKind: 'clinic', ...input }).map(({ subject, service, comparison }) => [
        subject,
        service,
        comparison.shrunkRate.toPrecision(9),
      ]);
    expect(keys(reversed)).toEqual(keys(book));
  });
});

describe('near duplicates', () => {
  const line = (id: number, day: number, service: string, rest: object = {}) => ({
    id,
    person: 'p',
    clinic: 'C1',
    doctor: null,
    day,
    service,
    tooth: null,
    ...rest,
  });

  test.each([
    ['the same service next day', [line(1, 10, 'A04.16.001'), line(2, 11, 'A04.16.001')], 'same-service-soon'],
    [
      'a sibling on the same day',
      [line(1, 10, 'A16.07.002.010'), line(2, 10, 'A16.07.002.011')],
      'sibling-service-same-day',
    ],
  ])('%s is found', (_name, lines, reason) => {
    expect(findNearDuplicates(lines)).toEqual([{ line: 2, of: 1, reason }]);
  });

  test.each([
    ['the same day is DUPL', [line(1, 10, 'A04.16.001'), line(2, 10, 'A04.16.001')]],
    ['a week later', [line(1, 10, 'A04.16.001'), line(2, 17, 'A04.16.001')]],
    ['another person', [line(1, 10, 'A04.16.001'), line(2, 11, 'A04.16.001', { person: 'q' })]],
    ['another tooth', [line(1, 10, 'A16.07.002.010', { tooth: '11' }), line(2, 10, 'A16.07.002.011', { tooth: '12' })]],
    ['a course', [line(1, 10, 'A17.30.003'), line(2, 11, 'A17.30.003')]],
    ['a sibling in another clinic', [line(1, 10, 'A16.07.002.010'), line(2, 10, 'A16.07.002.011', { clinic: 'C2' })]],
  ])('%s is none', (_name, lines) => {
    expect(findNearDuplicates(lines)).toEqual([]);
  });

  test('unrelated people change nothing, whatever the order', () => {
    const own = fc.array(
      fc.record({
        day: fc.integer({ min: 0, max: 20 }),
        service: fc.constantFrom('A04.16.001', 'A06.09.007', 'A16.07.002.010'),
      }),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(own, own, (mine, others) => {
        const lines = mine.map(({ day, service }, i) => line(i, day, service));
        const noise = others.map(({ day, service }, i) => line(1000 + i, day, service, { person: 'other' }));
        const alone = findNearDuplicates(lines);
        const mixed = findNearDuplicates([...noise, ...lines].toReversed());
        expect(mixed.filter(({ line: id }) => id < 1000)).toEqual(alone);
      }),
    );
  });

  test('a clinic full of repeats stands out among its peers', () => {
    const rows = Array.from({ length: 12 }, (_, i) => ({
      subject: `C${i}`,
      peerGroup: 'all',
      lines: 800,
      repeats: i === 4 ? 90 : 10 + (i % 5),
      repeatKopecks: 5_000_000,
    }));
    expect(reviewNearDuplicates('clinic', rows).map(({ subject, code }) => [subject, code])).toEqual([
      ['C4', 'STAT-02'],
    ]);
  });
});

test('a doctor who bills nearly every visit as a first one stands out within the specialty', () => {
  const visits = (subject: string, specialty: string, dearVisits: number) => ({
    subject,
    specialty,
    visits: 400,
    dearVisits,
    priceGapKopecks: 80_000,
  });
  const rows = [
    ...Array.from({ length: 10 }, (_, i) => visits(`D${i}`, 'невролог', 200 + i * 3)),
    visits('D99', 'невролог', 380),
    ...Array.from({ length: 10 }, (_, i) => visits(`P${i}`, 'психиатр', 370 + i)),
  ];
  const alerts = reviewVisitUpcoding('doctor', rows);
  expect(alerts.map(({ subject, code, effect }) => [subject, code, effect])).toEqual([['D99', 'STAT-03', 'priority']]);
  expect(alerts[0]!.excessKopecks).toBeGreaterThan(60 * 80_000);
});
