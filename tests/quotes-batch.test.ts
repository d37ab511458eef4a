import { startTestApi } from './support/api';
import type { TestApi, TestCaller } from './support/api';
import { contractLines, portfolioLines, quoteBodyOf, releaseSmallModel } from './support/risk-model';

const QUOTES = '/v1/underwriting/quotes';
let api: TestApi;
let underwriter: TestCaller;
let version: string;

beforeAll(async () => {
  api = await startTestApi();
  const [senior, other] = await Promise.all([api.as('senior-underwriter'), api.as('senior-underwriter')]);
  underwriter = await api.as('underwriter');
  version = await releaseSmallModel(api.pool, { proposer: senior.user.id, confirmer: other.user.id });
}, 180_000);
afterAll(() => api.close());

describe('a whole portfolio', () => {
  const price = (csv: string) =>
    underwriter.post(`${QUOTES}/batch`).set('Content-Type', 'text/csv').responseType('blob').send(csv);

  it('prices good rows and rejects bad ones one by one, in the order of the file', async () => {
    const [header, ...rows] = portfolioLines(200, ({ year }) => year === '2024');
    const at = (name: string): number => header!.split(',').indexOf(name);
    const spoil = (row: string, name: string, value: string): string =>
      row
        .split(',')
        .map((cell, i) => (i === at(name) ? value : cell))
        .join(',');
    const bad = [...rows];
    bad[3] = spoil(bad[3]!, 'age_mean', '300');
    bad[5] = spoil(bad[5]!, 'year', 'XX');
    bad[7] = `${bad[7]!},extra`;
    bad.push(rows[0]!);
    const answer = await price([header, ...bad].join('\n')).expect(200);
    const lines = (answer.body as Buffer)
      .toString('utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split(','));
    expect(lines).toHaveLength(bad.length);
    expect(lines.map((cells) => Number(cells[0]))).toEqual(bad.map((_, i) => i + 2));
    const refused = lines.filter((cells) => cells[4] === 'rejected').map((cells) => [Number(cells[0]), cells[16]]);
    expect(refused).toEqual([
      [5, 'age_mean'],
      [7, 'year'],
      [9, ''],
      [bad.length + 1, 'contract_no'],
    ]);
    expect(
      lines.filter((cells) => cells[4] === 'ok').every((cells) => Number(cells[5]) > 0 && cells[15] === version),
    ).toBe(true);
  });

  it.each([
    ['as it stands', (row: Cells): Cells => row],
    [
      'without what follows from the programme',
      without('clinics_in_programme', 'nearest_clinic_km', 'rating_gap_to_best'),
    ],
    [
      'with an age that training has not seen and no industry',
      (row: Cells): Cells => ({ ...row, age_mean: '74', industry: '' }),
    ],
  ])('gives the price of the single quote, its warnings and its referral: a book %s', async (_name, change) => {
    const contracts = ['D-000441', 'D-000001', 'D-000005'];
    const books = contracts.map((contractNo) => recordsOf(contractLines(contractNo, 2024)).map(change));
    expect(books.map((rows) => rows.length > 0)).toEqual([true, true, true]);
    const csv = csvOf(books.flat());
    const answer = recordsOf(((await price(csv).expect(200)).body as Buffer).toString('utf8').trim().split('\n'));
    for (const rows of books) {
      const contractNo = rows[0]!.contract_no!;
      const { body } = await underwriter.post(QUOTES, quoteBodyOf(rows)).expect(201);
      const own = answer.filter((line) => line.contract_no === contractNo);
      const clinics = body.result.clinics as { clinicCode: string; forecastKopecks: number; priceKopecks: number }[];
      expect(own.map((line) => [line.clinic_code, kopecks(line.forecast_rub), kopecks(line.price_rub)])).toEqual(
        clinics.map((one) => [one.clinicCode, one.forecastKopecks, one.priceKopecks]),
      );
      const warned = (body.result.warnings as { code: string; factor: string }[]).map(
        (one) => `${one.code}:${one.factor}`,
      );
      expect(new Set(own.flatMap((line) => line.warnings!.split('|').filter(Boolean)))).toEqual(new Set(warned));
      expect(own[0]!.referral).toBe((body.referral as { code: string }[]).map(({ code }) => code).join('|'));
    }
  });

  it('takes the newest ratings of its clinics where the caller gives none, as a quote does', async () => {
    const rows = recordsOf(contractLines('D-000441', 2024)).map(without('clinics_in_programme'));
    const rated = rows[0]!.clinic_code!;
    await api.pool.query(
      `WITH h AS (INSERT INTO hub (code, name) VALUES ('RATED', 'Хаб') RETURNING id),
         c AS (INSERT INTO clinic (code, name, city, level, payment_mode, open_sunday, billing_term_days, hub_id)
           SELECT $1, 'Клиника', 'Москва', 2, 'fee-for-service', true, 60, id FROM h RETURNING id),
         v AS (INSERT INTO rating_version (kind, version, run_key, period_from, period_to)
           VALUES ('internal', 1, 'a', '2024-01-01', '2024-12-31') RETURNING id)
       INSERT INTO clinic_rating (version_id, clinic_id, score, low, high, mean, sd, place, best_place, worst_place, change, components)
       SELECT v.id, c.id, 71, 0, 100, 0, 1, 1, 1, 1, 'same', '{}' FROM v, c`,
      [rated],
    );
    const { body } = await underwriter.post(QUOTES, quoteBodyOf(rows)).expect(201);
    const clinics = body.inputs.clinics as { clinicCode: string; factors: Record<string, number> }[];
    expect(clinics.map(({ factors }) => factors.internal_rating)).toEqual(
      clinics.map(({ clinicCode }) => (clinicCode === rated ? 71 : undefined)),
    );
    const answer = await price(csvOf(rows.map((row) => ({ ...row, internal_rating: '' })))).expect(200);
    const lines = recordsOf((answer.body as Buffer).toString('utf8').trim().split('\n'));
    expect(lines.reduce((sum, line) => sum + kopecks(line.price_rub), 0)).toBe(body.result.price.priceKopecks);
  });

  it('refuses a header with an unknown column by naming the nearest factor, before anything is priced', async () => {
    const answer = await underwriter
      .post(`${QUOTES}/batch`)
      .set('Content-Type', 'text/csv')
      .send('contract_no,clinic_code,year,person_years,age_maen\nA,B,2024,1,30\n');
    expect([answer.status, answer.body.code]).toEqual([422, 'quote-batch-header']);
    expect(JSON.stringify(answer.body)).toContain('age_mean');
  });
});

type Cells = Record<string, string>;

function recordsOf([header, ...lines]: readonly string[]): Cells[] {
  const names = header!.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, i) => [names[i]!, cell])) as Cells);
}

function csvOf(rows: readonly Cells[]): string {
  const names = Object.keys(rows[0]!);
  return [names, ...rows.map((row) => names.map((name) => row[name]!))].map((cells) => cells.join(',')).join('\n');
}

function without(...codes: readonly string[]): (row: Cells) => Cells {
  return (row) => Object.fromEntries(Object.entries(row).filter(([code]) => !codes.includes(code)));
}

function kopecks(roubles: string | undefined): number {
  return Math.round(Number(roubles) * 100);
}
