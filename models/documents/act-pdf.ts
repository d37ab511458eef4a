import type { Content, TableCell } from 'pdfmake/interfaces';
import type { ActContent, ActLine } from '../review-case/act';
import { roubles } from '../review-case/money';
import { reasonText } from '../review-case/reasons';
import { renderPdf } from './pdf';

/** The review act on A4: header, totals, reasons, every line that was cut and why. Russian, as the clinic files it. */
export function renderActPdf(act: ActContent): Promise<Buffer> {
  const title = act.supplementNo === 0 ? 'Акт медицинской экспертизы' : 'Дополнение к акту медицинской экспертизы';
  return renderPdf(
    {
      pageSize: 'A4',
      pageMargins: [40, 40, 40, 48],
      info: { title: `${title} № ${act.number}` },
      defaultStyle: { font: 'Roboto', fontSize: 9 },
      styles: {
        title: { fontSize: 14, bold: true, margin: [0, 0, 0, 4] },
        part: { fontSize: 11, bold: true, margin: [0, 12, 0, 4] },
        head: { bold: true, fillColor: '#eeeeee' },
      },
      footer: (page, pages) => ({ text: `${act.number}, стр. ${page} из ${pages}`, alignment: 'center', fontSize: 8 }),
      content: [
        { text: `${title} № ${act.number}`, style: 'title' },
        { text: `от ${russianDate(act.issuedAt.slice(0, 10))}`, margin: [0, 0, 0, 8] },
        ...invoicePart(act),
        ...totalsPart(act),
        ...reasonsPart(act),
        ...linesPart(act),
        ...authorsPart(act),
      ],
    },
    act.issuedAt,
  );
}

function invoicePart(act: ActContent): Content[] {
  const { invoice } = act;
  return [
    { text: `Клиника: ${invoice.clinicName} (${invoice.clinicCode})` },
    {
      text: `Счёт-реестр № ${invoice.invoiceNo} от ${russianDate(invoice.invoiceDate)}, версия ${invoice.version}, строк: ${invoice.lineCount}`,
    },
    { text: `Получен: ${russianDate(invoice.receivedAt.slice(0, 10))}` },
  ];
}

function totalsPart(act: ActContent): Content[] {
  const { totals } = act;
  const rows: [string, number][] = [
    ['Выставлено', totals.billedKopecks],
    ['Принято к оплате', totals.acceptedKopecks],
    ['Уменьшено', totals.reducedKopecks],
    ['Отказано', totals.refusedKopecks],
    ['Доля пациентов (франшиза)', totals.patientShareKopecks],
  ];
  return [
    { text: 'Итоги, руб.', style: 'part' },
    {
      layout: 'lightHorizontalLines',
      table: {
        widths: ['*', 'auto'],
        body: rows.map(([name, kopecks]) => [name, { text: roubles(kopecks), alignment: 'right' as const }]),
      },
    },
    { text: `Принято без замечаний строк: ${act.acceptedLines}`, margin: [0, 4, 0, 0] },
  ];
}

function reasonsPart(act: ActContent): Content[] {
  if (act.reasons.length === 0) return [];
  return [
    { text: 'Причины', style: 'part' },
    table(
      ['auto', '*', 'auto', 'auto'],
      ['Код', 'Причина', 'Строк', 'Сумма, руб.'],
      act.reasons.map((reason) => [reason.code, reason.text.ru, String(reason.lines), money(reason.kopecks)]),
    ),
  ];
}

function linesPart(act: ActContent): Content[] {
  const lines = act.lines.filter((line) => line.kind !== 'accept');
  if (lines.length === 0) return [];
  return [
    { text: 'Строки с уменьшением или отказом', style: 'part' },
    table(
      ['auto', 'auto', '*', 'auto', 'auto', 'auto'],
      ['Строка', 'Полис, дата', 'Услуга и обоснование', 'Выставлено', 'Снято', 'Принято'],
      lines.map((line) => [
        String(line.lineNo),
        `${line.policyNo}\n${russianDate(line.serviceDate)}`,
        { stack: groundsOf(line) },
        money(line.billedKopecks),
        money(line.reducedKopecks + line.refusedKopecks),
        money(line.acceptedKopecks),
      ]),
    ),
  ];
}

function groundsOf(line: ActLine): Content[] {
  const verdict = line.kind === 'refuse' ? 'Отказ' : 'Уменьшение';
  const author = line.author.kind === 'doctor' ? `врач-эксперт ${line.author.name}` : `свод правил ${line.author.name}`;
  const code = line.reasonCode ?? '';
  return [
    { text: `${line.itemName} (${line.itemCode})`, bold: true },
    { text: `${verdict}: ${code} ${reasonText(code).ru}` },
    ...(line.explanation === null ? [] : [{ text: line.explanation.ru }]),
    ...(line.clause === null ? [] : [{ text: `Основание: ${line.clause}` }]),
    ...(line.noteToClinic === null ? [] : [{ text: `Примечание: ${line.noteToClinic}` }]),
    { text: author, italics: true },
  ];
}

function authorsPart(act: ActContent): Content[] {
  const doctors = act.doctors.length === 0 ? [] : [{ text: `Врачи-эксперты: ${act.doctors.join(', ')}` }];
  const rules = act.ruleSetVersions.length === 0 ? [] : [{ text: `Свод правил: ${act.ruleSetVersions.join(', ')}` }];
  return [{ text: 'Решения приняли', style: 'part' }, ...doctors, ...rules];
}

function table(widths: string[], head: string[], rows: TableCell[][]): Content {
  return {
    layout: 'lightHorizontalLines',
    table: {
      headerRows: 1,
      dontBreakRows: true,
      widths,
      body: [head.map((text) => ({ text, style: 'head' })), ...rows],
    },
  };
}

function money(kopecks: number): TableCell {
  return { text: roubles(kopecks), alignment: 'right' };
}

/** 2026-03-01 -> 01.03.2026 */
function russianDate(date: string): string {
  return `${date.slice(8, 10)}.${date.slice(5, 7)}.${date.slice(0, 4)}`;
}
