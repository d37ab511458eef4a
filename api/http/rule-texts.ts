import type { LocalizedText } from '../../models/errors';
import type { InputFault } from './input-fault';

interface RuleText {
  readonly message: LocalizedText;
  readonly fix: LocalizedText;
}

/** What is wrong and what helps, by rule; `{limit}` and `{expected}` are filled in. */
const TEXTS: Readonly<Record<string, RuleText>> = {
  required: {
    message: { ru: 'Поле обязательно', en: 'The field is required' },
    fix: { ru: 'Укажите значение', en: 'Give a value' },
  },
  type: {
    message: { ru: 'Неверный тип значения', en: 'The value has the wrong type' },
    fix: { ru: 'Ожидается: {expected}', en: 'Expected: {expected}' },
  },
  'unknown-field': {
    message: { ru: 'Такого поля нет', en: 'There is no such field' },
    fix: { ru: 'Уберите поле или исправьте его имя', en: 'Remove the field or correct its name' },
  },
  'min-length': {
    message: { ru: 'Слишком короткий текст', en: 'The text is too short' },
    fix: { ru: 'Не менее {limit} знаков', en: 'At least {limit} characters' },
  },
  'max-length': {
    message: { ru: 'Слишком длинный текст', en: 'The text is too long' },
    fix: { ru: 'Не более {limit} знаков', en: 'At most {limit} characters' },
  },
  'min-items': {
    message: { ru: 'Слишком мало элементов', en: 'Too few items' },
    fix: { ru: 'Не менее {limit}', en: 'At least {limit}' },
  },
  'max-items': {
    message: { ru: 'Слишком много элементов', en: 'Too many items' },
    fix: { ru: 'Не более {limit}', en: 'At most {limit}' },
  },
  'min-value': {
    message: { ru: 'Значение слишком мало', en: 'The value is too small' },
    fix: { ru: 'Не менее {limit}', en: 'At least {limit}' },
  },
  'max-value': {
    message: { ru: 'Значение слишком велико', en: 'The value is too large' },
    fix: { ru: 'Не более {limit}', en: 'At most {limit}' },
  },
  'multiple-of': {
    message: { ru: 'Значение не кратно шагу', en: 'The value is not a multiple of the step' },
    fix: { ru: 'Кратно {limit}', en: 'A multiple of {limit}' },
  },
  format: {
    message: { ru: 'Неверный формат', en: 'The format is wrong' },
    fix: { ru: 'Ожидается формат: {expected}', en: 'Expected format: {expected}' },
  },
  'date-range': {
    message: { ru: 'Дата вне допустимого срока', en: 'The date is out of range' },
    fix: { ru: 'Дата от 1900-01-01 до 2200-12-31', en: 'A date from 1900-01-01 to 2200-12-31' },
  },
  'allowed-values': {
    message: { ru: 'Недопустимое значение', en: 'The value is not allowed' },
    fix: { ru: 'Одно из: {expected}', en: 'One of: {expected}' },
  },
  'no-variant': {
    message: { ru: 'Значение не подходит ни под один вариант', en: 'The value fits none of the variants' },
    fix: { ru: 'Сверьтесь с описанием в /docs', en: 'See the description at /docs' },
  },
  'no-nul': {
    message: { ru: 'В тексте есть знак U+0000', en: 'The text contains U+0000' },
    fix: { ru: 'Уберите нулевой знак', en: 'Remove the NUL character' },
  },
  'well-formed-text': {
    message: { ru: 'В тексте есть половина суррогатной пары', en: 'The text contains a lone surrogate' },
    fix: { ru: 'Передайте текст в правильном UTF-8', en: 'Send well-formed UTF-8' },
  },
  'forbidden-key': {
    message: { ru: 'Имя поля запрещено', en: 'The field name is forbidden' },
    fix: { ru: 'Уберите поле', en: 'Remove the field' },
  },
  'unsafe-key': {
    message: { ru: 'Имя поля содержит недопустимые знаки', en: 'A field name has unsafe characters' },
    fix: { ru: 'Исправьте имя поля', en: 'Correct the field name' },
  },
  'max-depth': {
    message: { ru: 'Слишком глубокая вложенность', en: 'The nesting is too deep' },
    fix: { ru: 'Не глубже {limit} уровней', en: 'At most {limit} levels' },
  },
};

const UNKNOWN: RuleText = {
  message: { ru: 'Значение не принято', en: 'The value was not accepted' },
  fix: { ru: 'Сверьтесь с описанием в /docs', en: 'See the description at /docs' },
};

/** The catalogue's texts for a fault, with its limits filled in. */
export function ruleText(fault: InputFault): RuleText {
  const text = Object.hasOwn(TEXTS, fault.rule) ? TEXTS[fault.rule]! : UNKNOWN;
  const fill = (template: string): string =>
    template.replace('{limit}', String(fault.limit ?? '')).replace('{expected}', fault.expected ?? '');
  return {
    message: { ru: fill(text.message.ru), en: fill(text.message.en) },
    fix: { ru: fill(text.fix.ru), en: fill(text.fix.en) },
  };
}
