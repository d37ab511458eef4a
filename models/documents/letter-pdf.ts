import type { Content } from 'pdfmake/interfaces';
import { roubles } from '../review-case/money';
import { renderPdf } from './pdf';

/** What the letter says: the promise per line, to whom, for whom (policy number only), until when. */
export interface LetterContent {
  readonly number: string;
  readonly revision: number;
  readonly issuedAt: string;
  readonly clinicName: string;
  readonly clinicCode: string;
  readonly policyNo: string;
  readonly validTo: string;
  /** Address that the QR code opens: number and status only. */
  readonly checkUrl: string;
  readonly lines: readonly {
    readonly letterNo: string;
    readonly serviceCode: string;
    readonly serviceName: string;
    readonly quantity: number;
    readonly kopecks: number;
    readonly from: string;
    readonly to: string;
    readonly tooth: string | null;
  }[];
  /** Lines of the request that are not promised, with the ground. */
  readonly refused: readonly { readonly serviceCode: string; readonly serviceName: string; readonly reason: string }[];
  readonly doctors: readonly string[];
}

/** The guarantee letter on A4, tagged for screen readers, in Russian as the clinic files it. Same content, same bytes. */
export function renderLetterPdf(letter: LetterContent): Promise<Buffer> {
  return renderPdf(
    {
      pageSize: 'A4',
      pageMargins: [40, 40, 40, 48],
      tagged: true,
      displayTitle: true,
      language: 'ru-RU',
      info: { title: `Гарантийное письмо № ${letter.number}` },
      defaultStyle: { font: 'Roboto', fontSize: 10 },
      styles: { title: { fontSize: 15, bold: true }, head: { bold: true, fillColor: '#eeeeee' } },
      footer: (page, pages) => ({
        text: `${letter.number}, стр. ${page} из ${pages}`,
        alignment: 'center',
        fontSize: 8,
      }),
      content: [heading(letter), ...promise(letter), ...refusals(letter), ...closing(letter)],
    },
    letter.issuedAt,
  );
}

function heading(letter: LetterContent): Content {
  const amended = letter.revision > 1 ? `, редакция ${letter.revision}` : '';
  return {
    columns: [
      [
        { text: `Гарантийное письмо № ${letter.number}`, style: 'title' },
        { text: `от ${russianDate(letter.issuedAt)}${amended}`, margin: [0, 2, 0, 10] },
        { text: `Клинике: ${letter.clinicName} (${letter.clinicCode})` },
        { text: `Полис: ${letter.policyNo}` },
        { text: `Действует по ${russianDate(letter.validTo)} включительно`, bold: true, margin: [0, 6, 0, 0] },
      ],
      { qr: letter.checkUrl, fit: 90, width: 100 },
    ],
  };
}

function promise(letter: LetterContent): Content[] {
  const total = letter.lines.reduce((sum, line) => sum + line.kopecks, 0);
  const head = ['Номер', 'Услуга', 'Кол-во', 'Период', 'Сумма до, руб.'].map((text) => ({ text, style: 'head' }));
  return [
    { text: 'Страховщик гарантирует оплату услуг:', margin: [0, 14, 0, 4] },
    {
      layout: 'lightHorizontalLines',
      table: {
        headerRows: 1,
        dontBreakRows: true,
        widths: ['auto', '*', 'auto', 'auto', 'auto'],
        body: [
          head,
          ...letter.lines.map((line) => [
            line.letterNo,
            `${line.serviceName} (${line.serviceCode})${line.tooth === null ? '' : `, зуб ${line.tooth}`}`,
            String(line.quantity),
            `${russianDate(line.from)}–${russianDate(line.to)}`,
            { text: roubles(line.kopecks), alignment: 'right' as const },
          ]),
        ],
      },
    },
    { text: `Всего до ${roubles(total)} руб.`, bold: true, alignment: 'right', margin: [0, 4, 0, 0] },
  ];
}

function refusals(letter: LetterContent): Content[] {
  if (letter.refused.length === 0) return [];
  const items = letter.refused.map((line) => `${line.serviceName} (${line.serviceCode}): ${line.reason}`);
  return [{ text: 'Не согласовано:', margin: [0, 10, 0, 4] }, { ul: items }];
}

function closing(letter: LetterContent): Content[] {
  const doctors =
    letter.doctors.length === 0 ? [] : [{ text: `Согласовали врачи-эксперты: ${letter.doctors.join(', ')}` }];
  return [
    { text: 'В счёте-реестре укажите номер строки письма. Подлинность проверяется по QR-коду.', margin: [0, 14, 0, 4] },
    ...doctors,
  ];
}

/** 2026-03-01 -> 01.03.2026 */
function russianDate(date: string): string {
  return `${date.slice(8, 10)}.${date.slice(5, 7)}.${date.slice(0, 4)}`;
}
