import { createHash } from 'node:crypto';
import { renderActPdf } from '../models/documents/act-pdf';
import { buildAct } from '../models/review-case/act';
import { acceptMoney, reduceMoney, refuseMoney } from '../models/review-case/money';
import { textOfPdf } from './support/pdf-text';

const act = buildAct({
  number: 'АМЭ-2026-000042',
  supplementNo: 0,
  issuedAt: '2026-03-02T10:00:00.000Z',
  invoice: {
    clinicCode: 'C07',
    clinicName: 'Клиника «Здоровье и Ёлка»',
    invoiceNo: '2602Ш-17',
    invoiceDate: '2026-02-28',
    version: 2,
    lineCount: 3,
    receivedAt: '2026-03-01T09:00:00.000Z',
  },
  accepted: { lines: 1, money: acceptMoney({ amountKopecks: 123_456, patientShareKopecks: 12_345 }) },
  lines: [
    {
      ...refuseMoney({ amountKopecks: 50_000, patientShareKopecks: 0 }),
      lineNo: 2,
      policyNo: '50105763',
      serviceDate: '2026-02-03',
      itemCode: '823',
      itemName: 'УЗИ органов брюшной полости',
      kind: 'refuse',
      reasonCode: 'CLIN-01',
      clause: 'Клинические рекомендации, п. 2.1',
      explanation: { ru: 'Ни одна рекомендация не называет эту услугу.', en: 'No guideline lists it.' },
      noteToClinic: 'Приложите выписку из карты',
      author: { kind: 'doctor', name: 'Соколова Анна Викторовна' },
    },
    {
      ...reduceMoney({ amountKopecks: 80_000, patientShareKopecks: 0 }, 70_000)!,
      lineNo: 3,
      policyNo: '50105764',
      serviceDate: '2026-02-04',
      itemCode: '923',
      itemName: 'Флюорография',
      kind: 'reduce',
      reasonCode: 'PRIC-02',
      clause: null,
      explanation: null,
      noteToClinic: null,
      author: { kind: 'rule', name: 'RS-0123456789ab' },
    },
  ],
  doctors: ['Соколова Анна Викторовна'],
  ruleSetVersions: ['RS-0123456789ab'],
});

test('the PDF of an act says in Russian what was accepted, cut and why, with totals to the kopeck', async () => {
  const text = await textOfPdf(await renderActPdf(act));
  for (const part of [
    'Акт медицинской экспертизы № АМЭ-2026-000042',
    'Клиника «Здоровье и Ёлка»',
    '2602Ш-17',
    '2534.56',
    '1811.11',
    '100.00',
    '500.00',
    '123.45',
    'УЗИ органов брюшной полости',
    'CLIN-01',
    'Ни одна рекомендация не называет эту услугу.',
    'Приложите выписку из карты',
    'эксперт Соколова Анна Викторовна',
    'свод правил RS-0123456789ab',
  ]) {
    expect(text).toContain(part);
  }
});

test('the same act gives the same bytes, so its hash proves it', async () => {
  const [first, second] = await Promise.all([renderActPdf(act), renderActPdf(act)]);
  const hashOf = (pdf: Buffer): string => createHash('sha256').update(pdf).digest('hex');
  expect(hashOf(first)).toBe(hashOf(second));
});
