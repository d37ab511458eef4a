import type { LocalizedText } from '../errors';

/** What is wrong with one cell. `rule` is stable; the texts say why and how to mend it. */
export interface RowProblem {
  readonly field: string;
  readonly value: string;
  readonly rule: ProblemRule;
  readonly reason: LocalizedText;
  readonly fix: LocalizedText;
}

export type ProblemRule = keyof typeof PROBLEMS;

const PROBLEMS = {
  required: {
    reason: { ru: 'Обязательное поле пусто', en: 'A required field is empty' },
    fix: { ru: 'Заполните поле', en: 'Fill the field in' },
  },
  date: {
    reason: {
      ru: 'Такой даты нет или она записана непонятно',
      en: 'There is no such date, or its notation is unknown',
    },
    fix: { ru: 'Запишите дату как ГГГГ-ММ-ДД, годы 1850-2199', en: 'Write the date as YYYY-MM-DD, years 1850 to 2199' },
  },
  'date-time': {
    reason: { ru: 'Не дата со временем', en: 'Not a date with a time' },
    fix: { ru: 'Запишите как ГГГГ-ММ-ДДTчч:мм', en: 'Write it as YYYY-MM-DDThh:mm' },
  },
  money: {
    reason: {
      ru: 'Не сумма в рублях: нужно неотрицательное число, не более двух знаков после точки',
      en: 'Not a sum in roubles: a number without a minus and with at most two decimals is needed',
    },
    fix: { ru: 'Запишите сумму как 1234.50', en: 'Write the sum as 1234.50' },
  },
  number: {
    reason: { ru: 'Не число в допустимых границах', en: 'Not a number within the allowed bounds' },
    fix: { ru: 'Запишите число цифрами', en: 'Write the number in digits' },
  },
  'positive-whole': {
    reason: { ru: 'Нужно целое число больше нуля', en: 'A whole number above zero is needed' },
    fix: { ru: 'Запишите целое число: 1, 2, 3…', en: 'Write a whole number: 1, 2, 3…' },
  },
  'one-of': {
    reason: { ru: 'Значения нет в перечне допустимых', en: 'The value is not one of those allowed' },
    fix: { ru: 'Возьмите значение из описания формата', en: 'Take a value from the format description' },
  },
  'too-long': {
    reason: { ru: 'Значение слишком длинное', en: 'The value is too long' },
    fix: { ru: 'Сократите значение', en: 'Shorten the value' },
  },
  'control-characters': {
    reason: { ru: 'В значении есть непечатаемые знаки', en: 'The value has control characters' },
    fix: { ru: 'Удалите непечатаемые знаки', en: 'Remove the control characters' },
  },
  'formula-like': {
    reason: { ru: 'Номер похож на формулу электронной таблицы', en: 'The identifier looks like a spreadsheet formula' },
    fix: { ru: 'Укажите номер без знаков формулы', en: 'Give the identifier without formula characters' },
  },
  'extra-cells': {
    reason: { ru: 'В строке больше ячеек, чем столбцов в заголовке', en: 'The row has more cells than the header' },
    fix: {
      ru: 'Заключите в кавычки значения, в которых есть разделитель',
      en: 'Quote the values that contain the separator',
    },
  },
  'bad-quotes': {
    reason: { ru: 'Кавычки расставлены не по правилам CSV', en: 'Quotes do not follow the rules of CSV' },
    fix: { ru: 'Удвойте кавычки внутри значения', en: 'Double the quotes inside the value' },
  },
  'period-order': {
    reason: { ru: 'Конец периода раньше начала', en: 'The period ends before it starts' },
    fix: { ru: 'Поменяйте даты', en: 'Correct the dates' },
  },
  'unknown-clinic': {
    reason: { ru: 'Клиники с таким кодом нет в справочнике', en: 'No clinic has this code' },
    fix: { ru: 'Проверьте код клиники (буквы латинские?)', en: 'Check the clinic code (are its letters Latin?)' },
  },
  'foreign-clinic': {
    reason: { ru: 'Строка другой клиники', en: 'The row belongs to another clinic' },
    fix: { ru: 'Оставьте в реестре только свои строки', en: 'Send only the rows of your own clinic' },
  },
  'unknown-programme': {
    reason: { ru: 'Программы с таким кодом нет', en: 'No programme has this code' },
    fix: { ru: 'Проверьте код программы', en: 'Check the programme code' },
  },
  'unknown-contract': {
    reason: { ru: 'Договора с таким номером нет', en: 'No contract has this number' },
    fix: { ru: 'Проверьте номер договора', en: 'Check the contract number' },
  },
  'json-shape': {
    reason: { ru: 'Запись JSON не соответствует описанию формата', en: 'The JSON record does not fit the format' },
    fix: { ru: 'Исправьте поле по описанию формата', en: 'Correct the field as the format describes it' },
  },
  'duplicate-line': {
    reason: { ru: 'В счёте уже есть строка с этим номером', en: 'The invoice already has a line with this number' },
    fix: { ru: 'Дайте строке другой номер', en: 'Give the line another number' },
  },
} as const satisfies Record<string, { reason: LocalizedText; fix: LocalizedText }>;

/** Longest piece of a bad value that is repeated back. */
const SHOWN_VALUE = 200;

export function problem(rule: ProblemRule, field: string, value: string): RowProblem {
  const { reason, fix } = PROBLEMS[rule];
  return { field, value: value.slice(0, SHOWN_VALUE), rule, reason, fix };
}

/** How to mend a row that broke this rule; for rejections read back from the database. */
export function fixOf(rule: string): LocalizedText {
  return rule in PROBLEMS ? PROBLEMS[rule as ProblemRule].fix : { ru: '', en: '' };
}
