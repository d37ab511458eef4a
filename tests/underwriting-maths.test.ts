import fc from 'fast-check';
import { parseCatalogue } from '../models/underwriting/catalogue';
import { unitDeviance } from '../models/underwriting/deviance';
import { populationStability } from '../models/underwriting/drift';
import { calibrateIntervals, intervalOf } from '../models/underwriting/intervals';
import { cholesky, solveCholesky } from '../models/underwriting/linear-algebra';
import { fitNoise } from '../models/underwriting/noise';
import { estimateKernels } from '../models/underwriting/panel-moments';
import { refreshProgramme } from '../models/underwriting/programme';
import { rankCorrelation } from '../models/underwriting/quantiles';
import { createRandom, normal } from '../models/underwriting/random';
import { chooseFamily } from '../models/underwriting/spec';
import { numbersOf, tableFromRecords, textAt } from '../models/underwriting/table';
import { readTableText } from '../models/underwriting/table-text';

test.each([
  ['a,b\n1,2\n', 'a', 0, 1],
  ['a;b\n1,5;2\n', 'a', 0, 1.5],
  ['\uFEFFa\tb\r\n-3.25\t\r\n', 'a', 0, -3.25],
  ['a,b\n1e3,x\n', 'a', 0, 1000],
])('CSV %j is read as numbers', (text, column, row, value) => {
  expect(numbersOf(readTableText(text), column)[row]).toBe(value);
});

test.each([
  ['a,b\n"1,234",x\n"56,789",y\n', [1234, 56_789]],
  ['a,b\n"1,234.50",x\n999,y\n"1,234,567",z\n', [1234.5, 999, 1_234_567]],
  ['a,b\n"1,234",x\n"2,50",y\n', [1.234, 2.5]],
  ['a,b\n"1,234",x\n12.5,y\n', [1234, 12.5]],
  ['a;b\n1,234;x\n2,5;y\n', [1.234, 2.5]],
  ['a;b\n"1,234";x\n"2,5";y\n', [1.234, 2.5]],
  ['a;b\n1.234,50;x\n2.500;y\n7,25;z\n', [1234.5, 2500, 7.25]],
  ['a;b\n1 234,50;x\n12\u00a0345\u00a0678;y\n', [1234.5, 12_345_678]],
  ['a,b\n"1,5",x\n"1.5",y\nда,z\n', [1.5, 1.5, 1]],
])('commas, dots and spaces in %j are read by the whole column', (text, numbers) => {
  expect([...numbersOf(readTableText(text), 'a')]).toEqual(numbers);
});

test('keys stay as their cells have them: long digits, trailing zeros, and numbers before the first text', () => {
  const table = readTableText(
    'long,kept,mixed\n9007199254740993,7.1,1.10\n\n9007199254740992,7.10,A7\n',
    (name) => name === 'kept',
  );
  const cells = ['long', 'kept', 'mixed'].map((name) => [textAt(table, name, 0), textAt(table, name, 1)]);
  expect(cells).toEqual([
    ['9007199254740993', '9007199254740992'],
    ['7.1', '7.10'],
    ['1.10', 'A7'],
  ]);
});

test('a broken row is named as the file counts it: the header is row 1, blank lines count', () => {
  expect(() => readTableText('a,b\n1,2\n\n3\n')).toThrow(
    expect.objectContaining({ details: expect.objectContaining({ row: 4 }) }),
  );
});

test('codes with leading zeros, quotes and Cyrillic stay texts', () => {
  const table = readTableText('no,name\n007,"ООО ""Ромашка"", Москва"\n12,\n');
  expect([textAt(table, 'no', 0), textAt(table, 'name', 0), textAt(table, 'name', 1)]).toEqual([
    '007',
    'ООО "Ромашка", Москва',
    '',
  ]);
});

test.each([
  ['', 'UNDERWRITING_CSV'],
  ['a,a\n1,2\n', 'UNDERWRITING_CSV'],
  ['a,b\n1\n', 'UNDERWRITING_CSV'],
])('broken CSV %j is refused', (text, code) => {
  expect(() => readTableText(text)).toThrow(expect.objectContaining({ code }));
});

test.each([
  ['code,kind\nx,shape\n', 'kind'],
  ['code,kind\nx,number\nx,number\n', 'code'],
  ['code,kind,min\nx,number,low\n', 'min'],
  ['code\nx\n', 'kind'],
  ['code,kind,monotone\nx,number,upwards\n', 'monotone'],
])('catalogue %j is refused by field', (text, field) => {
  expect(() => parseCatalogue(text)).toThrow(expect.objectContaining({ details: expect.objectContaining({ field }) }));
});

test('a direction is read in its usual words, and a wrong one is named with its row', () => {
  const words = ['non-decreasing', '+', 'Non-increasing', '-1', 'none', ''];
  const factors = parseCatalogue(`code,kind,monotone\n${words.map((word, i) => `x${i},number,${word}`).join('\n')}\n`);
  expect(factors.map(({ monotone }) => monotone)).toEqual([
    'increasing',
    'increasing',
    'decreasing',
    'decreasing',
    undefined,
    undefined,
  ]);
  expect(() => parseCatalogue('code,kind,monotone\nx,number,\ny,number,upwards\n')).toThrow(
    /row 3, field monotone: “upwards”.*increasing, decreasing/,
  );
});

test('counts are Poisson, amounts Tweedie', () => {
  expect(chooseFamily(Float64Array.of(0, 1, 3, 2)).family).toBe('poisson');
  expect(chooseFamily(Float64Array.of(0, 1500, 20_000)).family).toBe('tweedie');
  expect(chooseFamily(Float64Array.of(0.5, 1.25)).family).toBe('tweedie');
});

test('deviance is zero at the truth and positive elsewhere, for every power', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 0.01, max: 50, noNaN: true }),
      fc.double({ min: 0.01, max: 50, noNaN: true }),
      fc.constantFrom(1, 1.2, 1.5, 1.9, 2),
      (y, mu, power) => {
        expect(Math.abs(unitDeviance(y, y, power))).toBeLessThan(1e-6);
        expect(unitDeviance(y, mu, power)).toBeGreaterThanOrEqual(-1e-6);
      },
    ),
  );
});

test('a positive definite system is solved', () => {
  const x = solveCholesky(cholesky(Float64Array.of(4, 2, 2, 3), 2), 2, [8, 7]);
  expect([x[0], x[1]].map((value) => value!.toFixed(6))).toEqual(['1.250000', '1.500000']);
});

test('stability index is zero without a shift and symmetric in direction', () => {
  expect(populationStability([0.5, 0.5], [0.5, 0.5])).toBe(0);
  expect(populationStability([0.2, 0.8], [0.5, 0.5])).toBeCloseTo(populationStability([0.5, 0.5], [0.2, 0.8]), 12);
});

test('rank correlation sees order, not scale', () => {
  expect(rankCorrelation([1, 2, 3, 4], [10, 100, 1000, 1e9])).toBeCloseTo(1, 12);
  expect(rankCorrelation([1, 2, 3], [3, 2, 1])).toBeCloseTo(-1, 12);
});

test('noise of known law is found again', () => {
  const random = createRandom(4);
  const expected = Float64Array.from({ length: 20_000 }, () => Math.exp(6 + 6 * random()));
  const paid = expected.map((m) => m + normal(random) * Math.sqrt(800 * m + 0.04 * m * m));
  const { phi, tau2 } = fitNoise(paid, expected);
  expect(phi).toBeGreaterThan(600);
  expect(phi).toBeLessThan(1000);
  expect(tau2).toBeGreaterThan(0.025);
  expect(tau2).toBeLessThan(0.06);
});

test('variance of groups and cells is found again from panel residuals', () => {
  const random = createRandom(11);
  const rows: { group: number; entity: number; time: number; total: number }[] = [];
  for (let group = 0; group < 800; group++) {
    const own = normal(random) * 0.3;
    for (let entity = 0; entity < 5; entity++) {
      const cell = normal(random) * 0.25;
      for (let time = 0; time < 3; time++)
        rows.push({
          group,
          entity: (group * 7 + entity * 13) % 97,
          time,
          total: 1e6 * (1 + own + cell + normal(random) * 0.1),
        });
    }
  }
  const kernels = estimateKernels(
    {
      group: Int32Array.from(rows, (row) => row.group),
      entity: Int32Array.from(rows, (row) => row.entity),
      time: Float64Array.from(rows, (row) => row.time),
      total: Float64Array.from(rows, (row) => row.total),
      expected: new Float64Array(rows.length).fill(1e6),
    },
    { phi: 10_000, tau2: 0.2 },
  );
  expect(kernels.group.variance).toBeGreaterThan(0.07);
  expect(kernels.group.variance).toBeLessThan(0.115);
  expect(kernels.cell.variance).toBeGreaterThan(0.045);
  expect(kernels.cell.variance).toBeLessThan(0.085);
});

test('intervals cover nine in ten of fresh cases, for small and large, new and renewed', () => {
  const random = createRandom(21);
  const draw = (count: number) =>
    Array.from({ length: count }, () => {
      const renewal = random() < 0.7;
      const forecast = Math.exp(8 + 6 * random());
      const sd = Math.sqrt((renewal ? 5000 : 20_000) / forecast + (renewal ? 0.01 : 0.05));
      return { renewal, forecast, paid: Math.max(0, forecast * (1 + sd * normal(random))) };
    });
  const table = calibrateIntervals(draw(4000), draw(500), { phi: 10_000, tau2: 0.03 });
  const fresh = draw(8000);
  const covered = (cases: typeof fresh): number =>
    cases.filter(({ renewal, forecast, paid }) => {
      const [low, high] = intervalOf(table, renewal ? 'renewal' : 'newBusiness', forecast);
      return paid >= low && paid <= high;
    }).length / cases.length;
  expect(Math.abs(covered(fresh) - 0.9)).toBeLessThan(0.02);
  for (const renewal of [true, false])
    for (const [low, high] of [
      [0, 30_000],
      [30_000, 200_000],
      [200_000, Infinity],
    ])
      expect(
        Math.abs(
          covered(fresh.filter((one) => one.renewal === renewal && one.forecast >= low! && one.forecast < high!)) - 0.9,
        ),
      ).toBeLessThan(0.04);
});

test('intervals allow for what moves between periods: the next one is covered as asked', () => {
  const random = createRandom(31);
  const draw = (time: number, shift: number, count = 3000) =>
    Array.from({ length: count }, () => {
      const forecast = Math.exp(8 + 6 * random());
      const sd = Math.sqrt(10_000 / forecast + 0.02);
      return { renewal: true, forecast, time, paid: Math.max(0, forecast * (1 + shift + sd * normal(random))) };
    });
  const covered = (past: ReturnType<typeof draw>, next: ReturnType<typeof draw>): number => {
    const table = calibrateIntervals(past, past, { phi: 10_000, tau2: 0.02 });
    const inside = next.filter(({ forecast, paid }) => {
      const [low, high] = intervalOf(table, 'renewal', forecast);
      return paid >= low && paid <= high;
    });
    return inside.length / next.length;
  };
  const moving = [...draw(2021, 0), ...draw(2022, 0), ...draw(2023, 0.12)];
  const timeless = moving.map(({ time: _time, ...one }) => ({ ...one, time: 0 }));
  const next = draw(2024, -0.12);
  expect(covered(moving, next)).toBeGreaterThan(covered(timeless, next) + 0.01);
  const still = [...draw(2021, 0), ...draw(2022, 0), ...draw(2023, 0)];
  expect(Math.abs(covered(still, draw(2024, 0)) - 0.9)).toBeLessThan(0.02);
});

test('programme-wide factors follow the clinics of the programme', () => {
  const table = refreshProgramme(
    tableFromRecords([
      {
        office_clinic_km: 4,
        yandex_rating: 4.5,
        clinics_in_programme: 9,
        clinic_distance_rank: 9,
        clinic_is_nearest: 0,
        nearest_clinic_km: 9,
        rating_gap_to_best: 9,
      },
      {
        office_clinic_km: 1,
        yandex_rating: 4.0,
        clinics_in_programme: 9,
        clinic_distance_rank: 9,
        clinic_is_nearest: 0,
        nearest_clinic_km: 9,
        rating_gap_to_best: 9,
      },
    ]),
  );
  const read = (code: string): number[] => [...numbersOf(table, code)];
  expect(read('clinics_in_programme')).toEqual([2, 2]);
  expect(read('clinic_distance_rank')).toEqual([2, 1]);
  expect(read('clinic_is_nearest')).toEqual([0, 1]);
  expect(read('nearest_clinic_km')).toEqual([1, 1]);
  expect(read('rating_gap_to_best')).toEqual([0, 0.5]);
});
