import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PricingParameters } from '../models/quotes/parameters.schema';
import { column } from '../models/exchange/header';
import { openTable } from '../models/tabular/table-source';
import { pricingParameters } from '../prisma/repositories/pricing-parameters';
import { championVersion, releaseModel } from '../prisma/repositories/risk-models';
import { withTransaction } from '../prisma/pool';
import { startTestApi } from './support/api';
import type { TestApi, TestCaller } from './support/api';
import { textOfPdf } from './support/pdf-text';
import { quoteBody, releaseSmallModel } from './support/risk-model';

const QUOTES = '/v1/underwriting/quotes';
let api: TestApi;
let underwriter: TestCaller;
let senior: TestCaller;
let otherSenior: TestCaller;
let version: string;
let parameters: PricingParameters;

beforeAll(async () => {
  api = await startTestApi();
  [underwriter, senior, otherSenior] = await Promise.all([
    api.as('underwriter'),
    api.as('senior-underwriter'),
    api.as('senior-underwriter'),
  ]);
  version = await releaseSmallModel(api.pool, { proposer: senior.user.id, confirmer: otherSenior.user.id });
  parameters = (await pricingParameters(api.pool)).data;
}, 180_000);
afterAll(() => api.close());

const small = () => quoteBody('D-000441', 2024, true);

interface Part {
  readonly code: string;
  readonly kopecks: number;
}
interface Figures {
  readonly clinicCode?: string;
  readonly forecastKopecks: number;
  readonly lowerKopecks: number;
  readonly upperKopecks: number;
  readonly startKopecks: number;
  readonly contributions: readonly Part[];
  readonly peopleShare?: number | null;
  readonly priceKopecks?: number;
}
const addsUp = (one: Figures): number =>
  one.startKopecks + one.contributions.reduce((sum, part) => sum + part.kopecks, 0) - one.forecastKopecks;

describe('a quote', () => {
  it('gives each clinic and the total with interval, contributions that add up to the kopeck, tariff, GLM and versions', async () => {
    const { body } = await underwriter.post(QUOTES, small()).expect(201);
    const { total, clinics, price } = body.result as {
      total: Figures;
      clinics: Figures[];
      price: Record<string, number>;
    };
    expect(body).toMatchObject({
      modelVersion: version,
      parametersVersion: 1,
      result: { renewal: true, intervalLevel: 0.9 },
    });
    expect(clinics.map((one) => one.clinicCode)).toEqual(small().clinics.map((one) => one.clinicCode));
    expect([total, ...clinics].map(addsUp)).toEqual([total, ...clinics].map(() => 0));
    expect(clinics.reduce((sum, one) => sum + one.forecastKopecks, 0)).toBe(total.forecastKopecks);
    expect(clinics.reduce((sum, one) => sum + one.priceKopecks!, 0)).toBe(price.priceKopecks);
    expect(clinics.reduce((sum, one) => sum + one.peopleShare!, 0)).toBeCloseTo(1, 3);
    for (const one of [total, ...clinics]) {
      expect(one.lowerKopecks).toBeLessThanOrEqual(one.forecastKopecks);
      expect(one.upperKopecks).toBeGreaterThan(one.forecastKopecks);
    }
    expect(body.result.total).toMatchObject({ tariffKopecks: expect.any(Number), glmKopecks: expect.any(Number) });
    expect(body.result.total.credibilityWeight).toBeGreaterThan(0);
    expect(body.result.comparables).toHaveLength(5);
    expect(JSON.stringify(total.contributions)).not.toContain('__noise');
  });

  it('is repeated byte for byte from what was stored, and the same request again gives the same bytes', async () => {
    const { body } = await underwriter.post(QUOTES, small()).expect(201);
    const repeated = await senior.get(`${QUOTES}/${body.quoteId}/repeat`).expect(200);
    expect(repeated.body).toEqual({
      identical: true,
      storedSha256: body.resultSha256,
      repeatedSha256: body.resultSha256,
    });
    const again = await underwriter.post(QUOTES, small()).expect(201);
    expect(again.body.resultSha256).toBe(body.resultSha256);
  });

  it('of a new client has no own experience and says so', async () => {
    const fresh = quoteBody('D-000441', 2024, false);
    for (const code of ['prior_payout_per_person', 'prior_person_years']) delete fresh.contract[code];
    for (const { factors } of fresh.clinics) delete factors.prior_clinic_payout_per_person;
    const { body } = await underwriter.post(QUOTES, fresh).expect(201);
    expect(body.result.renewal).toBe(false);
    expect(body.result.total.contributions.find((part: Part) => part.code === 'experience')?.kopecks ?? 0).toBe(0);
  });

  it('refuses unknown factors with the nearest name, values out of range and clinics given twice, all in one answer', async () => {
    const body = small();
    const wrong = {
      ...body,
      contract: { ...body.contract, age_maen: 30, male_share: 1.2, clinic_level: 3 },
      clinics: [
        { ...body.clinics[0]!, factors: { ...body.clinics[0]!.factors, region: 3 } },
        body.clinics[1],
        body.clinics[1],
      ],
    };
    const answer = await underwriter.post(QUOTES, wrong).expect(400);
    const errors = answer.body.errors as { path: string; rule: string; fix: string }[];
    expect(errors.map(({ path, rule }) => `${path} ${rule}`).sort()).toEqual([
      'body.clinics unique-clinics',
      'body.clinics[0].factors.region misplaced-factor',
      'body.contract.age_maen unknown-factor',
      'body.contract.clinic_level misplaced-factor',
      'body.contract.male_share max-value',
    ]);
    expect(errors.find(({ path }) => path.endsWith('age_maen'))!.fix).toContain('age_mean');
  });

  it('warns outside the training domain and of factors that training always knew', async () => {
    const body = small();
    const contract: Record<string, number | null> = { ...body.contract, age_mean: 74.9 };
    delete contract.salary_index;
    const { body: quote } = await underwriter.post(QUOTES, { ...body, contract }).expect(201);
    expect(quote.result.warnings).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ code: 'outside-training', factor: 'age_mean', clinicCode: null }),
        expect.objectContaining({ code: 'unusual-gap', factor: 'salary_index' }),
      ]),
    );
  });

  it('is listed newest first, page by page, and kept from roles outside underwriting', async () => {
    const first = await underwriter.get(`${QUOTES}?limit=2`).expect(200);
    const second = await underwriter.get(`${QUOTES}?limit=2&cursor=${first.body.next}`).expect(200);
    const ids = [...first.body.items, ...second.body.items].map((one: { quoteId: string }) => one.quoteId);
    expect(new Set(ids).size).toBe(4);
    const times = [...first.body.items, ...second.body.items].map((one: { createdAt: string }) => one.createdAt);
    expect(times).toEqual([...times].sort().reverse());
    for (const role of ['clinic', 'employer', 'medical-expert'] as const) {
      await (await api.as(role)).get(`${QUOTES}/${ids[0]}`).expect(403);
    }
  });

  it('is printed as PDF and XLSX with its price and clinics', async () => {
    const { body } = await underwriter.post(QUOTES, { ...small(), policyholder: 'ООО «Пример»' }).expect(201);
    const pdf = await underwriter.get(`${QUOTES}/${body.quoteId}/pdf`).responseType('blob').expect(200);
    const shown = await textOfPdf(pdf.body as Buffer);
    for (const piece of ['Пример', version, 'Маржа', body.result.clinics[0].clinicCode]) expect(shown).toContain(piece);
    const xlsx = await underwriter.get(`${QUOTES}/${body.quoteId}/xlsx`).responseType('blob').expect(200);
    const cells = await sheetCells(xlsx.body as Buffer);
    expect(cells).toContain(version);
    expect(cells).toContain('ООО «Пример»');
  });
});

describe('variants and what-if', () => {
  it('removing a clinic moves its people to the others and the price; nothing is stored until it is saved under a name', async () => {
    const { body: base } = await underwriter.post(QUOTES, small()).expect(201);
    const gone = base.result.clinics[0].clinicCode as string;
    const before = await api.pool.query('SELECT count(*)::int AS n FROM quote');
    const { body } = await underwriter.post(`${QUOTES}/${base.quoteId}/what-if`, { removeClinics: [gone] }).expect(200);
    expect((await api.pool.query('SELECT count(*)::int AS n FROM quote')).rows).toEqual(before.rows);
    const difference = body.difference as {
      priceKopecks: number;
      clinics: { clinicCode: string; shareBefore: number | null; shareAfter: number | null }[];
    };
    expect(difference.priceKopecks).not.toBe(0);
    expect(difference.clinics.find((one) => one.clinicCode === gone)!.shareAfter).toBeNull();
    for (const one of difference.clinics.filter(({ clinicCode }) => clinicCode !== gone)) {
      expect(one.shareAfter!).toBeGreaterThan(one.shareBefore!);
    }
    const saved = await underwriter
      .post(`${QUOTES}/${base.quoteId}/variants`, { name: 'Без одной клиники', removeClinics: [gone] })
      .expect(201);
    expect(saved.body).toMatchObject({
      baseId: base.quoteId,
      name: 'Без одной клиники',
      result: { price: body.result.price },
    });
    const family = await underwriter.get(`${QUOTES}?baseId=${base.quoteId}`).expect(200);
    expect(family.body.items).toHaveLength(2);
  });

  it('a factor that changes moves its own contribution; a change that makes no sense is refused', async () => {
    const { body: base } = await underwriter.post(QUOTES, small()).expect(201);
    const change = { contract: { franchise_percent: 20 }, discountPercent: 3 };
    const { body } = await underwriter.post(`${QUOTES}/${base.quoteId}/what-if`, change).expect(200);
    expect(body.difference.contributions.map((part: Part) => part.code)).toContain('franchise_percent');
    expect(body.result.price.discountKopecks).toBeGreaterThan(0);
    await underwriter.post(`${QUOTES}/${base.quoteId}/what-if`, { removeClinics: ['C9999'] }).expect(422);
    const target = await underwriter
      .get(`${QUOTES}/${base.quoteId}/target?targetRub=${Math.round(base.riskKopecks / 120)}`)
      .expect(200);
    expect(target.body.items.length).toBeGreaterThan(0);
  });
});

describe('authority', () => {
  const referred = async (author: TestCaller, discountPercent = 15) =>
    (await author.post(QUOTES, { ...small(), discountPercent }).expect(201)).body as {
      quoteId: string;
      state: string;
      priceKopecks: number;
      finalPriceKopecks: number | null;
    };

  it('above it a quote is referred, has no price to offer, and only a senior who is not its author decides', async () => {
    const quote = await referred(underwriter);
    expect(quote).toMatchObject({ state: 'referred', finalPriceKopecks: null });
    const place = `${QUOTES}/${quote.quoteId}/decision`;
    await underwriter.post(place, { kind: 'approve', reason: 'сам' }).expect(403);
    await senior.post(place, { kind: 'approve', reason: ' ' }).expect(400);
    await senior.post(place, { kind: 'override', reason: 'без цены' }).expect(400);
    const { body } = await senior.post(place, { kind: 'approve', reason: 'Крупный клиент' }).expect(200);
    expect(body).toMatchObject({ state: 'approved', finalPriceKopecks: quote.priceKopecks });
    expect(body.decisions).toMatchObject([{ kind: 'approve', reason: 'Крупный клиент', decidedBy: senior.user.id }]);
    await otherSenior.post(place, { kind: 'decline', reason: 'поздно' }).expect(409);
  });

  it('an override puts another price in its place with a reason, inside the senior’s own limits', async () => {
    const quote = await referred(underwriter);
    const place = `${QUOTES}/${quote.quoteId}/decision`;
    const far = await senior.post(place, {
      kind: 'override',
      reason: 'очень надо',
      priceKopecks: Math.round(quote.priceKopecks / 3),
    });
    expect([far.status, far.body.code]).toEqual([403, 'above-authority']);
    const priceKopecks = Math.round(quote.priceKopecks * 1.02);
    const { body } = await senior.post(place, { kind: 'override', reason: 'Округлено', priceKopecks }).expect(200);
    expect(body).toMatchObject({
      state: 'approved',
      finalPriceKopecks: priceKopecks,
      priceKopecks: quote.priceKopecks,
    });
  });

  it('beyond a senior’s limits two seniors are needed: one asks, the other approves, never the same', async () => {
    const byUnderwriter = await referred(underwriter, 40);
    await senior.post(`${QUOTES}/${byUnderwriter.quoteId}/decision`, { kind: 'approve', reason: 'да' }).expect(403);
    const bySenior = await referred(senior, 40);
    const place = `${QUOTES}/${bySenior.quoteId}/decision`;
    expect((await senior.post(place, { kind: 'approve', reason: 'да' })).body.code).toBe('four-eyes');
    await otherSenior.post(place, { kind: 'approve', reason: 'да' }).expect(200);
  });

  it('is guarded by the database too: no own decision, no silent price, no change of what was computed', async () => {
    const { quoteId } = await referred(underwriter);
    const run = (sql: string) => api.pool.query(sql, [quoteId]);
    await expect(
      run(
        `INSERT INTO quote_decision (quote_id, quote_author, kind, reason, decided_by) SELECT id, author, 'approve', 'x', author FROM quote WHERE id = $1`,
      ),
    ).rejects.toThrow('four_eyes');
    await expect(run(`UPDATE quote SET state = 'priced' WHERE id = $1`)).rejects.toThrow('quote_authority_check');
    await expect(run(`UPDATE quote SET price_kopecks = 1 WHERE id = $1`)).rejects.toThrow('never changed');
  });

  it('new parameters are a new version; a quote made before is still repeated with its own', async () => {
    const { body: before } = await underwriter.post(QUOTES, small()).expect(201);
    const data = { ...parameters, marginBp: parameters.marginBp + 300 };
    await underwriter.post('/v1/underwriting/pricing-parameters', { data, reason: 'x' }).expect(403);
    await senior.post('/v1/underwriting/pricing-parameters', { data, reason: 'Маржа выше' }).expect(201);
    const { body: after } = await underwriter.post(QUOTES, small()).expect(201);
    expect(after.parametersVersion).toBe(2);
    expect(after.priceKopecks).toBeGreaterThan(before.priceKopecks);
    expect((await underwriter.get(`${QUOTES}/${before.quoteId}/repeat`)).body.identical).toBe(true);
  });
});

describe('the registry', () => {
  it('takes no second champion, no release by one person, and rolls back only to a champion before', async () => {
    const put = (name: string, passed: boolean) =>
      api.pool.query(
        `INSERT INTO risk_model (version, state, card, report, gate, gate_passed) VALUES ($1, $2, '', '{}', '{}', $3)`,
        [name, passed ? 'candidate' : 'refused', passed],
      );
    await put('next', true);
    await put('bad', false);
    const release = (name: string, confirmedBy: string) =>
      withTransaction(api.pool, (tx) =>
        releaseModel(tx, { version: name, proposedBy: senior.user.id, confirmedBy, reason: 'r' }),
      );
    await expect(release('next', senior.user.id)).rejects.toThrow('four_eyes');
    await expect(release('bad', otherSenior.user.id)).rejects.toMatchObject({ code: 'risk-model-not-releasable' });
    await expect(
      api.pool.query(`UPDATE risk_model SET state = 'released', champion = true WHERE version = 'bad'`),
    ).rejects.toThrow('check');
    await release('next', otherSenior.user.id);
    expect(await championVersion(api.pool)).toBe('next');
    const rollBack = () => senior.post('/v1/underwriting/models/roll-back', { reason: 'Ошибка в данных' });
    await underwriter.post('/v1/underwriting/models/roll-back', { reason: 'x' }).expect(403);
    expect((await rollBack().expect(200)).body).toEqual({ from: 'next', to: version });
    expect(await championVersion(api.pool)).toBe(version);
    expect((await rollBack()).body.code).toBe('no-earlier-model');
    const { body } = await senior.get('/v1/underwriting/models/next').expect(200);
    expect(body).toMatchObject({ state: 'withdrawn', champion: false });
  });
});

/** Every cell of the first sheet, read by the product's own XLSX reader. */
async function sheetCells(content: Buffer): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'medex-quote-'));
  try {
    const path = join(folder, 'quote.xlsx');
    writeFileSync(path, content);
    const table = await openTable(path, { kind: 'quote', columns: [column('Показатель'), column('Значение')] });
    const cells: string[] = [];
    for await (const batch of table.rows) cells.push(...batch.rows.flat());
    return cells;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
