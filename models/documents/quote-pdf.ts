import type { Content, TableCell } from 'pdfmake/interfaces';
import { PRICE_PARTS, STATE_NAMES } from '../quotes/texts';
import type { TotalForecast } from '../quotes/types';
import { roubles } from '../review-case/money';
import { renderPdf } from './pdf';
import type { QuoteDocument } from './quote-document';

const SHOWN_FACTORS = 25;

/** A quote on A4, in Russian: price and how it is built up, clinics, influence of factors, warnings, comparables. */
export function renderQuotePdf(quote: QuoteDocument): Promise<Buffer> {
  const { request, result } = quote;
  const title = `Расчёт тарифа${quote.name === null ? '' : `: ${quote.name}`}`;
  return renderPdf(
    {
      pageSize: 'A4',
      pageMargins: [36, 36, 36, 44],
      info: { title },
      defaultStyle: { font: 'Roboto', fontSize: 9 },
      styles: {
        title: { fontSize: 14, bold: true, margin: [0, 0, 0, 4] },
        part: { fontSize: 11, bold: true, margin: [0, 12, 0, 4] },
        head: { bold: true, fillColor: '#eeeeee' },
      },
      footer: (page, pages) => ({ text: `${quote.id}, стр. ${page} из ${pages}`, alignment: 'center', fontSize: 8 }),
      content: [
        { text: title, style: 'title' },
        { text: `Страхователь: ${request.policyholder ?? 'не указан'}; договор: ${request.contractNo ?? 'новый'}` },
        { text: `Год ${request.year}, застрахованных лет ${request.personYears}, клиник ${request.clinics.length}` },
        { text: `Модель ${result.modelVersion}, параметры цены № ${result.parametersVersion}, ${quote.createdAt}` },
        { text: `Состояние: ${STATE_NAMES[quote.state] ?? quote.state}` },
        ...pricePart(quote),
        ...forecastPart(result.total, result.intervalLevel),
        ...clinicsPart(quote),
        ...factorsPart(result.total),
        ...listPart(
          'Вне области обучения',
          result.warnings.map((one) => placed(one.text.ru, one.clinicCode)),
        ),
        ...listPart(
          'Почему передан старшему',
          quote.referral.map(({ text, value, limit }) => `${text.ru}: ${value} при пределе ${limit}`),
        ),
        ...listPart(
          'Решения',
          quote.decisions.map(({ kind, reason, decidedAt }) => `${decidedAt}: ${DECISIONS[kind] ?? kind}. ${reason}`),
        ),
        ...comparablesPart(quote),
      ],
    },
    quote.createdAt,
  );
}

const DECISIONS: Readonly<Record<string, string>> = {
  approve: 'согласовано',
  decline: 'отклонено',
  override: 'цена изменена',
};

function pricePart({ result, finalPriceKopecks }: QuoteDocument): Content[] {
  const rows: TableCell[][] = PRICE_PARTS.map(({ key, ru }) => [
    ru,
    money(key === 'discountKopecks' ? -result.price[key] : result.price[key]),
  ]);
  rows.push([{ text: 'Цена', bold: true }, money(result.price.priceKopecks, true)]);
  if (finalPriceKopecks !== null) rows.push([{ text: 'Цена по решению', bold: true }, money(finalPriceKopecks, true)]);
  rows.push(['На одного застрахованного в год', money(result.price.pricePerPersonYearKopecks)]);
  return [
    { text: 'Цена, руб.', style: 'part' },
    { layout: 'lightHorizontalLines', table: { widths: ['*', 'auto'], body: rows } },
  ];
}

function forecastPart(total: TotalForecast, level: number): Content[] {
  const rows: [string, TableCell][] = [
    ['Прогноз выплат', money(total.forecastKopecks)],
    [
      `Интервал ${Math.round(level * 100)} %`,
      { text: `${roubles(total.lowerKopecks)} – ${roubles(total.upperKopecks)}`, alignment: 'right' },
    ],
    ['Ручной тариф', money(total.tariffKopecks)],
    ['Тариф с учётом истории', money(total.experienceRatedKopecks)],
    ['GLM', money(total.glmKopecks)],
    ['Вес собственной истории', { text: `${(total.credibilityWeight * 100).toFixed(1)} %`, alignment: 'right' }],
  ];
  return [
    { text: 'Прогноз, руб.', style: 'part' },
    { layout: 'lightHorizontalLines', table: { widths: ['*', 'auto'], body: rows } },
  ];
}

function clinicsPart({ result }: QuoteDocument): Content[] {
  return [
    { text: 'Клиники', style: 'part' },
    table(
      ['*', 'auto', 'auto', 'auto', 'auto'],
      ['Клиника', 'Доля людей', 'Прогноз, руб.', 'Интервал, руб.', 'Цена, руб.'],
      result.clinics.map((one) => [
        one.clinicCode,
        { text: one.peopleShare === null ? '–' : `${(one.peopleShare * 100).toFixed(1)} %`, alignment: 'right' },
        money(one.forecastKopecks),
        { text: `${roubles(one.lowerKopecks)} – ${roubles(one.upperKopecks)}`, alignment: 'right' },
        money(one.priceKopecks),
      ]),
    ),
  ];
}

/** The waterfall: the strongest factors by name, the rest as one line, so that the column still adds up. */
function factorsPart(total: TotalForecast): Content[] {
  const shown = total.contributions.slice(0, SHOWN_FACTORS);
  const rest = total.contributions.slice(SHOWN_FACTORS).reduce((sum, one) => sum + one.kopecks, 0);
  return [
    { text: 'Из чего сложился прогноз, руб.', style: 'part' },
    table(
      ['*', 'auto', 'auto'],
      ['Фактор', 'Вклад', '±'],
      [
        ['Среднее портфеля', money(total.startKopecks), ''],
        ...shown.map((one) => [one.name.ru, money(one.kopecks), money(one.spreadKopecks)]),
        ['Остальные факторы', money(rest), ''],
        [{ text: 'Прогноз', bold: true }, money(total.forecastKopecks, true), ''],
      ],
    ),
  ];
}

function comparablesPart({ result }: QuoteDocument): Content[] {
  if (result.comparables.length === 0) return [];
  return [
    { text: 'Похожие договоры', style: 'part' },
    table(
      ['*', 'auto', 'auto', 'auto', 'auto'],
      ['Договор', 'Год', 'Отличие', 'Застр. лет', 'Выплачено, руб.'],
      result.comparables.map((one) => [
        one.contractNo,
        String(one.year),
        String(one.distance),
        String(one.personYears),
        money(one.paidKopecks),
      ]),
    ),
  ];
}

function listPart(title: string, items: readonly string[]): Content[] {
  return items.length === 0 ? [] : [{ text: title, style: 'part' }, { ul: [...items] }];
}

function placed(text: string, clinicCode: string | null): string {
  return clinicCode === null ? text : `${text} (${clinicCode})`;
}

function table(widths: string[], head: string[], rows: TableCell[][]): Content {
  const body = [head.map((text) => ({ text, style: 'head' })), ...rows];
  return { layout: 'lightHorizontalLines', table: { headerRows: 1, dontBreakRows: true, widths, body } };
}

function money(kopecks: number, bold = false): TableCell {
  return { text: roubles(kopecks), alignment: 'right', bold };
}
