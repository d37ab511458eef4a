import { PRICE_PARTS, STATE_NAMES } from '../quotes/texts';
import type { FactorValue } from '../quotes/types';
import type { SheetCell } from '../tabular/xlsx-writer';
import { writeXlsx } from '../tabular/xlsx-writer';
import type { QuoteDocument } from './quote-document';

/** A quote as a workbook: price, clinics, contributions by clinic and in total, inputs. Money in roubles. */
export function renderQuoteXlsx(quote: QuoteDocument): Buffer {
  return writeXlsx([
    { name: 'Цена', rows: priceRows(quote), widths: [44, 40] },
    { name: 'Клиники', rows: clinicRows(quote), widths: [14, ...Array.from({ length: 8 }, () => 18)] },
    { name: 'Вклады факторов', rows: contributionRows(quote), widths: [34, 40, 20] },
    { name: 'Исходные данные', rows: inputRows(quote), widths: [34, 24] },
    { name: 'Предупреждения', rows: warningRows(quote), widths: [30, 14, 90] },
  ]);
}

function priceRows({ request, result, ...quote }: QuoteDocument): SheetCell[][] {
  const { total, price } = result;
  return [
    ['Показатель', 'Значение'],
    ['Расчёт', quote.id],
    ['Название', quote.name],
    ['Страхователь', request.policyholder ?? null],
    ['Договор', request.contractNo ?? 'новый'],
    ['Состояние', STATE_NAMES[quote.state] ?? quote.state],
    ['Модель', result.modelVersion],
    ['Параметры цены', result.parametersVersion],
    ['Год', request.year],
    ['Застрахованных лет', request.personYears],
    ['Прогноз выплат', roubles(total.forecastKopecks)],
    ['Нижняя граница', roubles(total.lowerKopecks)],
    ['Верхняя граница', roubles(total.upperKopecks)],
    ['Ручной тариф', roubles(total.tariffKopecks)],
    ['Тариф с учётом истории', roubles(total.experienceRatedKopecks)],
    ['GLM', roubles(total.glmKopecks)],
    ['Вес собственной истории', total.credibilityWeight],
    ...PRICE_PARTS.map(({ key, ru }): SheetCell[] => [
      ru,
      roubles(key === 'discountKopecks' ? -price[key] : price[key]),
    ]),
    ['Цена', roubles(price.priceKopecks)],
    ['Цена по решению', quote.finalPriceKopecks === null ? null : roubles(quote.finalPriceKopecks)],
    ['На одного застрахованного в год', roubles(price.pricePerPersonYearKopecks)],
  ];
}

function clinicRows({ result }: QuoteDocument): SheetCell[][] {
  return [
    ['Клиника', 'Доля людей', 'Прогноз', 'Нижняя', 'Верхняя', 'Крупные случаи', 'Тариф', 'GLM', 'Цена'],
    ...result.clinics.map((one): SheetCell[] => [
      one.clinicCode,
      one.peopleShare,
      roubles(one.forecastKopecks),
      roubles(one.lowerKopecks),
      roubles(one.upperKopecks),
      roubles(one.largeLossKopecks),
      roubles(one.tariffKopecks),
      roubles(one.glmKopecks),
      roubles(one.priceKopecks),
    ]),
  ];
}

/** One line per factor: total, then each clinic; the first line is where the waterfall starts, the last is the forecast. */
function contributionRows({ result }: QuoteDocument): SheetCell[][] {
  const { total, clinics } = result;
  const byClinic = clinics.map((one) => new Map(one.contributions.map(({ code, kopecks }) => [code, kopecks])));
  return [
    ['Код', 'Фактор', 'Всего', ...clinics.map((one) => one.clinicCode)],
    ['start', 'Среднее портфеля', roubles(total.startKopecks), ...clinics.map((one) => roubles(one.startKopecks))],
    ...total.contributions.map(({ code, name, kopecks }): SheetCell[] => [
      code,
      name.ru,
      roubles(kopecks),
      ...byClinic.map((own) => roubles(own.get(code) ?? 0)),
    ]),
    ['forecast', 'Прогноз', roubles(total.forecastKopecks), ...clinics.map((one) => roubles(one.forecastKopecks))],
  ];
}

function inputRows({ request }: QuoteDocument): SheetCell[][] {
  const codes = [...new Set(request.clinics.flatMap(({ factors }) => Object.keys(factors)))];
  const text = (value: FactorValue | undefined): SheetCell =>
    value === null || value === undefined ? null : typeof value === 'number' ? value : String(value);
  return [
    ['Фактор', 'Договор', ...request.clinics.map((one) => one.clinicCode)],
    ...Object.entries(request.contract).map(([code, value]): SheetCell[] => [code, text(value)]),
    ...codes.map((code): SheetCell[] => [code, null, ...request.clinics.map(({ factors }) => text(factors[code]))]),
  ];
}

function warningRows({ result, referral, decisions }: QuoteDocument): SheetCell[][] {
  return [
    ['Вид', 'Клиника', 'Текст'],
    ...result.warnings.map((one): SheetCell[] => [one.code, one.clinicCode, one.text.ru]),
    ...referral.map((one): SheetCell[] => [one.code, null, `${one.text.ru}: ${one.value} при пределе ${one.limit}`]),
    ...decisions.map((one): SheetCell[] => [one.kind, null, `${one.decidedAt}: ${one.reason}`]),
  ];
}

function roubles(kopecks: number): number {
  return kopecks / 100;
}
