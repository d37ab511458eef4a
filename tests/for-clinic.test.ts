import { textForClinic, valuesForClinic } from '../models/review/catalogue/for-clinic';
import type { TestCaller } from './support/api';
import { lineKey, readAnswers, readWorldRows } from './support/open-world';
import { textOfPdf } from './support/pdf-text';
import { loadInsurer, openReviewHouse } from './support/review-house';
import type { ReviewHouse } from './support/review-house';
import { until } from './support/until';

/** Codes whose evidence may name a line that another clinic billed. */
const ACROSS = ['DUPL-02', 'FREQ-02', 'COMB-02', 'PLAU-03'];

interface Found {
  code: string;
  evidence: Record<string, unknown>;
  explanation: { ru: string; en: string };
}
interface Line {
  lineNo: number;
  findings: Found[];
}

describe('what a clinic may read of a finding', () => {
  const values = { earlierLine: 'C02 / A-7 / 3', earlierClinic: 'C02', earlierDate: '2025-09-01', serviceCode: 'B01' };
  const text = { ru: 'Уже выставлена: C02 / A-7 / 3.', en: 'Billed already: C02 / A-7 / 3.' };

  test("another clinic's line is taken out, date and service stay", () => {
    expect(valuesForClinic(values, 'C01')).toEqual({ ...values, earlierLine: null, earlierClinic: null });
    expect(textForClinic(text, values, 'C01')).toEqual({
      ru: 'Уже выставлена: строка другой клиники.',
      en: 'Billed already: a line of another clinic.',
    });
  });

  test('its own line stays', () => {
    expect(valuesForClinic(values, 'C02')).toEqual(values);
    expect(textForClinic(text, values, 'C02')).toEqual(text);
  });

  test('a text that was written before names no other clinic either, and nothing else is cut', () => {
    const old = {
      ru: 'Счёт A-C02-7: та же услуга выставлена клиникой C02: C02 / A-7 / 3.',
      en: 'Letter C02-17 was issued to clinic C02; the service was billed by C01.',
    };
    expect(textForClinic(old, values, 'C01')).toEqual({
      ru: 'Счёт A-C02-7: та же услуга выставлена клиникой ***: строка другой клиники.',
      en: 'Letter C02-17 was issued to clinic ***; the service was billed by C01.',
    });
    expect(textForClinic(old, { letterClinic: 'C02' }, 'C01').en).toContain('clinic ***;');
    const dotted = { ru: 'выдано в клинику К.1-2, не КХ1-2', en: 'K' };
    expect(textForClinic(dotted, { letterClinic: 'К.1-2' }, 'C01').ru).toBe('выдано в клинику ***, не КХ1-2');
  });

  test.each([
    ['another person', { samePerson: false, sameClinic: true, letterClinic: 'C01', letterService: 'A04 УЗИ' }],
    ['another clinic', { samePerson: true, sameClinic: false, letterClinic: 'C02', letterService: 'A04 УЗИ' }],
  ])('the letter of %s keeps its service to itself', (_of, letter) => {
    expect(valuesForClinic(letter, 'C01')).toMatchObject({ letterClinic: null, letterService: null });
  });
});

describe('over the API and in acts', () => {
  const rows = readWorldRows().invoices;
  const truth = readAnswers('truth').filter((answer) => ACROSS.includes(answer.code));
  const flagged = new Set(truth.map((answer) => answer.line));
  const people = new Set(rows.filter((row) => flagged.has(lineKey(row))).map((row) => row.policy_no!));
  let house: ReviewHouse;
  let expert: TestCaller;

  beforeAll(async () => {
    house = await openReviewHouse();
    await loadInsurer(house.pool, (row) => people.has(row.split(',')[4]!));
    await house.review();
    expert = await house.api.as('medical-expert');
  }, 180_000);
  afterAll(() => house.close());

  /** Invoices with a finding that refers to a line of another clinic. */
  async function referring(): Promise<{ versionId: string; clinicId: number; line: string; code: string }[]> {
    const found = await house.pool.query<{ versionId: string; clinicId: number; line: string; code: string }>(
      `SELECT DISTINCT ON (f.code) v.public_id AS "versionId", l.clinic_id AS "clinicId", e.value #>> '{}' AS line, f.code
       FROM finding f JOIN invoice_line l ON l.id = f.line_id JOIN invoice_version v ON v.id = l.version_id
       JOIN clinic c ON c.id = l.clinic_id, jsonb_each(f.evidence) e
       WHERE f.active AND e.key LIKE '%Line' AND e.value #>> '{}' NOT LIKE c.code || ' / %' ORDER BY f.code, l.id`,
    );
    return found.rows;
  }

  test('the expert sees which line it is, the clinic does not', async () => {
    const places = await referring();
    expect(places.map((place) => place.code)).toEqual(expect.arrayContaining(['DUPL-02', 'FREQ-02']));
    for (const { versionId, clinicId, line } of places) {
      const clinic = await house.api.as('clinic', { clinicId });
      const path = `/v1/invoices/${versionId}/lines?limit=500`;
      const inside = (await expert.get(path).expect(200)).body as { items: Line[] };
      const outside = (await clinic.get(path).expect(200)).body as { items: Line[] };
      expect(JSON.stringify(inside)).toContain(line);
      expect(JSON.stringify(outside)).not.toContain(line);
      const codes = ({ items }: { items: Line[] }): string[] =>
        items.flatMap((item) => item.findings.map((finding) => `${item.lineNo} ${finding.code}`));
      expect(codes(outside)).toEqual(codes(inside));
    }
  });

  test('an act that refuses for it does not name the line either, in JSON and PDF', async () => {
    const place = (await referring()).find(({ code }) => code === 'DUPL-02')!;
    const queue = await expert.get(`/v1/review-tasks?state=open&limit=200&invoice=${place.versionId}`).expect(200);
    for (const { taskId } of (queue.body as { items: { taskId: string }[] }).items) {
      const task = (await expert.get(`/v1/review-tasks/${taskId}`).expect(200)).body as { lines: Line[] };
      const claimed = await expert.post(`/v1/review-tasks/${taskId}/claim`, {}).expect(200);
      const decisions = task.lines.map(({ lineNo, findings: [first] }) => ({
        lineNo,
        kind: 'refuse',
        reasonCode: first!.code,
      }));
      await expert
        .post(`/v1/review-tasks/${taskId}/decisions`, { decisions })
        .set('If-Match', `"${(claimed.body as { revision: number }).revision}"`)
        .expect(200);
    }
    const acts = async (): Promise<{ actId: string }[]> =>
      ((await expert.get(`/v1/invoices/${place.versionId}/acts`).expect(200)).body as { items: { actId: string }[] })
        .items;
    await until(async () => (await acts()).length > 0);
    const path = `/v1/acts/${(await acts())[0]!.actId}`;
    const act = JSON.stringify((await expert.get(path).expect(200)).body);
    expect(act).toContain('строка другой клиники');
    expect(act).not.toContain(place.line);
    const pdf = await expert.get(`${path}/pdf`).buffer(true).expect(200);
    const text = await textOfPdf(pdf.body as Buffer);
    expect(text).toContain('строка другой клиники');
    expect(text).not.toContain(place.line);
  }, 60_000);
});
