import type { LocalizedText } from '../errors';

export type PackRule =
  | 'shape'
  | 'duplicate-id'
  | 'unknown-service'
  | 'unknown-diagnosis'
  | 'empty-prefix'
  | 'frequency-range'
  | 'age-order'
  | 'validity-order'
  | 'bad-date'
  | 'overlapping-validity'
  | 'duplicate-service'
  | 'duplicate-rule'
  | 'allowed-and-contraindicated'
  | 'multiplicity-above-maximum'
  | 'pair-of-itself'
  | 'requires-itself'
  | 'empty-rule'
  | 'no-provenance';

/** One remark on a pack: where (JSON path), which rule, what is wrong and what to do. Warnings do not stop an import. */
export interface PackProblem {
  readonly path: string;
  readonly rule: PackRule;
  readonly severity: 'error' | 'warning';
  readonly text: LocalizedText;
  readonly fix: LocalizedText;
}

type Words = readonly [ru: string, en: string, fixRu: string, fixEn: string];

/** Words of each rule; `{x}` are filled from the values. */
const WORDS: Readonly<Record<Exclude<PackRule, 'shape'>, Words>> = {
  'duplicate-id': [
    'Идентификатор «{id}» уже есть в {first}',
    'Id "{id}" is already used at {first}',
    'Дайте записи другой id',
    'Give the entry another id',
  ],
  'unknown-service': [
    'Услуг с кодом на «{code}» нет в номенклатуре',
    'No service code starts with "{code}"',
    'Проверьте код{near}',
    'Check the code{near}',
  ],
  'unknown-diagnosis': [
    'Диагнозов с кодом на «{code}» нет в МКБ-10',
    'No diagnosis code starts with "{code}"',
    'Проверьте код{near}',
    'Check the code{near}',
  ],
  'empty-prefix': [
    'Пустой код подходит ко всему',
    'An empty code matches everything',
    'Напишите код или уберите запись',
    'Write a code or remove the entry',
  ],
  'frequency-range': [
    'Частота {value} вне пределов от 0 до 1',
    'Frequency {value} is not within 0 to 1',
    'Запишите долю: 30 % – это 0.3',
    'Write a share: 30% is 0.3',
  ],
  'age-order': [
    'Возраст от {from} больше возраста до {to}',
    'Age from {from} is above age to {to}',
    'Поменяйте границы местами',
    'Swap the bounds',
  ],
  'validity-order': [
    'Действует с {from}, а кончается {to}',
    'Valid from {from} but ends {to}',
    'Исправьте даты',
    'Correct the dates',
  ],
  'bad-date': [
    'Даты «{value}» нет в календаре',
    'There is no date "{value}"',
    'Запишите дату как 2026-01-31',
    'Write the date as 2026-01-31',
  ],
  'overlapping-validity': [
    'Та же рекомендация с тем же возрастом действует одновременно с {first}',
    'The same guideline for the same ages is valid at the same time as {first}',
    'Закройте прежнюю версию днем раньше начала новой',
    'End the earlier version the day before the new one starts',
  ],
  'duplicate-service': [
    'Услуга {code} уже названа в {first}',
    'Service {code} is already listed at {first}',
    'Оставьте одну запись',
    'Keep one entry',
  ],
  'duplicate-rule': [
    'То же правило уже есть в {first}',
    'The same rule already stands at {first}',
    'Оставьте одно правило',
    'Keep one rule',
  ],
  'allowed-and-contraindicated': [
    'Услуга {code} и показана, и противопоказана ({first})',
    'Service {code} is both listed and contraindicated ({first})',
    'Оставьте что-то одно',
    'Keep one of the two',
  ],
  'multiplicity-above-maximum': [
    'Кратность {value} больше предела на случай {max}',
    'Multiplicity {value} is above the maximum per episode {max}',
    'Уменьшите кратность или поднимите предел',
    'Lower the multiplicity or raise the maximum',
  ],
  'pair-of-itself': [
    'Код «{code}» и код «{other}» подходят к одной и той же услуге',
    'Codes "{code}" and "{other}" match the same service',
    'Назовите услуги точнее, чтобы пара не совпадала сама с собой',
    'Name the services so that the pair cannot match itself',
  ],
  'requires-itself': [
    'Условие всегда выполнено: услуга {code} подходит под «{other}»',
    'The condition always holds: service {code} matches "{other}"',
    'Назовите предшествующую услугу точнее',
    'Name the required service more precisely',
  ],
  'empty-rule': [
    'Правило ничего не ограничивает: нет ни пола, ни возраста',
    'The rule limits nothing: neither sex nor age',
    'Добавьте пол или возраст',
    'Add a sex or an age',
  ],
  'no-provenance': [
    'Не сказано, из источника запись или ждет проверки',
    'Nothing says whether the entry is from a source or awaits review',
    'Добавьте provenance: source или default-awaiting-review',
    'Add provenance: source or default-awaiting-review',
  ],
};

const WARNINGS: ReadonlySet<PackRule> = new Set<PackRule>([
  'pair-of-itself',
  'no-provenance',
  'multiplicity-above-maximum',
]);

export function packProblem(
  rule: Exclude<PackRule, 'shape'>,
  path: string,
  values: Readonly<Record<string, string | number>> = {},
  near: readonly string[] = [],
): PackProblem {
  const [ru, en, fixRu, fixEn] = WORDS[rule];
  const fill = (text: string, hint: string) =>
    text.replace(/\{(\w+)\}/g, (_, name: string) => (name === 'near' ? hint : String(values[name] ?? '')));
  const codes = near.join(', ');
  return {
    path,
    rule,
    severity: WARNINGS.has(rule) ? 'warning' : 'error',
    text: { ru: fill(ru, ''), en: fill(en, '') },
    fix: {
      ru: fill(fixRu, codes === '' ? '' : `; похожие: ${codes}`),
      en: fill(fixEn, codes === '' ? '' : `; similar: ${codes}`),
    },
  };
}

/** A place of the wrong type or a missing field, in the words of the schema. */
export function shapeProblem(path: string, expected: string): PackProblem {
  return {
    path,
    rule: 'shape',
    severity: 'error',
    text: { ru: `Поле не того вида: ${expected}`, en: `The field has the wrong shape: ${expected}` },
    fix: {
      ru: 'Приведите поле к описанию формата guidelines.json',
      en: 'Bring the field to the guidelines.json format',
    },
  };
}
