import type { LocalizedText } from '../../errors';
import { SERVICE_KINDS } from '../../service-kinds';

export type FieldType = 'text' | 'number' | 'yes-no' | 'date' | 'choice';
export type FieldGroup = 'line' | 'person' | 'programme' | 'clinic' | 'history';

/** One thing that a condition of an expert rule may read. */
export interface RuleField {
  /** Path in the facts, e.g. `history.sameService90`. */
  readonly name: string;
  readonly group: FieldGroup;
  readonly type: FieldType;
  readonly label: LocalizedText;
  /** Unit or explanation shown beside the field. */
  readonly hint: LocalizedText;
  /** Values of a choice. */
  readonly values?: readonly string[];
  /** The value may be unknown: then no condition on it holds. */
  readonly nullable: boolean;
}

type Row = readonly [
  name: string,
  type: FieldType,
  ru: string,
  en: string,
  hintRu: string,
  hintEn: string,
  nullable?: boolean,
];

const ROWS: readonly Row[] = [
  ['line.service', 'text', 'Код услуги', 'Service code', 'номенклатура 804н', 'nomenclature 804н', true],
  ['line.serviceKind', 'choice', 'Вид услуги', 'Kind of service', '', '', true],
  ['line.diagnosis', 'text', 'Код диагноза', 'Diagnosis code', 'МКБ-10', 'ICD-10', true],
  ['line.quantity', 'number', 'Количество', 'Quantity', 'единиц', 'units'],
  ['line.unitPriceRub', 'number', 'Цена', 'Unit price', 'руб.', 'roubles'],
  ['line.amountRub', 'number', 'Сумма', 'Amount', 'руб.', 'roubles'],
  ['line.insurerShareRub', 'number', 'Доля страховщика', "Insurer's share", 'руб.', 'roubles'],
  ['line.serviceDate', 'date', 'Дата услуги', 'Service date', 'ГГГГ-ММ-ДД', 'YYYY-MM-DD'],
  [
    'line.weekday',
    'number',
    'День недели',
    'Day of the week',
    '1 – понедельник, 7 – воскресенье',
    '1 is Monday, 7 is Sunday',
  ],
  ['line.invoiceDelayDays', 'number', 'Дней от услуги до счета', 'Days from service to invoice', 'дней', 'days'],
  ['line.tooth', 'text', 'Номер зуба', 'Tooth', 'FDI', 'FDI', true],
  ['line.hasLetter', 'yes-no', 'Указано гарантийное письмо', 'A letter is cited', '', ''],
  ['line.doctorKnown', 'yes-no', 'Врач указан', 'The doctor is named', '', ''],
  ['line.doctorMinutes', 'number', 'Минуты врача на услугу', "Doctor's minutes", 'минут', 'minutes', true],
  ['line.findings', 'number', 'Замечаний других правил', 'Findings of other rules', 'штук', 'count'],
  ['person.age', 'number', 'Возраст', 'Age', 'полных лет на дату услуги', 'whole years on the service date', true],
  ['person.sex', 'choice', 'Пол', 'Sex', 'M – мужской, F – женский', 'M male, F female', true],
  ['person.daysEnrolled', 'number', 'Дней с прикрепления', 'Days since enrolment', 'дней', 'days', true],
  ['programme.code', 'text', 'Код программы', 'Programme code', '', '', true],
  ['programme.franchisePercent', 'number', 'Франшиза', 'Franchise', '%', '%', true],
  ['programme.limitUsedPercent', 'number', 'Использовано страховой суммы', 'Annual limit used', '%', '%', true],
  ['clinic.code', 'text', 'Код клиники', 'Clinic code', '', ''],
  ['clinic.city', 'text', 'Город', 'City', '', ''],
  ['clinic.level', 'number', 'Уровень клиники', 'Clinic level', '1–5', '1 to 5'],
  ['clinic.paymentMode', 'choice', 'Способ оплаты', 'Payment mode', '', ''],
  ['clinic.rating', 'number', 'Рейтинг клиники', 'Clinic rating', '0–100', '0 to 100', true],
  ['clinic.fastLane', 'yes-no', 'Быстрая полоса', 'Fast lane', '', ''],
  [
    'history.sameService30',
    'number',
    'Эта услуга за 30 дней',
    'This service in 30 days',
    'единиц до строки',
    'units before the line',
  ],
  [
    'history.sameService90',
    'number',
    'Эта услуга за 90 дней',
    'This service in 90 days',
    'единиц до строки',
    'units before the line',
  ],
  [
    'history.sameService365',
    'number',
    'Эта услуга за год',
    'This service in a year',
    'единиц до строки',
    'units before the line',
  ],
  ['history.daysSinceSameService', 'number', 'Дней с такой же услуги', 'Days since this service', 'дней', 'days', true],
  ['history.visits30', 'number', 'Приемов за 30 дней', 'Visits in 30 days', 'штук', 'count'],
  ['history.clinics30', 'number', 'Клиник за 30 дней', 'Clinics in 30 days', 'штук', 'count'],
  ['history.linesSameDay', 'number', 'Строк за этот день', 'Lines on this day', 'штук', 'count'],
  [
    'history.shareYearRub',
    'number',
    'Доля страховщика за год договора',
    "Insurer's share in the contract year",
    'руб.',
    'roubles',
  ],
  ['history.refused365', 'number', 'Отказов за год', 'Refusals in a year', 'строк', 'lines'],
  ['history.imaging90', 'number', 'Лучевых исследований за 90 дней', 'Imaging in 90 days', 'единиц', 'units'],
  ['history.physio90', 'number', 'Физиопроцедур за 90 дней', 'Physiotherapy in 90 days', 'единиц', 'units'],
];

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  'line.serviceKind': SERVICE_KINDS,
  'person.sex': ['M', 'F'],
  'clinic.paymentMode': ['fee-for-service', 'per-case', 'capitation'],
};

/** Catalogue of everything that a condition may read, in the order of the form. */
export const RULE_FIELDS: readonly RuleField[] = ROWS.map(([name, type, ru, en, hintRu, hintEn, nullable]) => ({
  name,
  group: name.split('.')[0] as FieldGroup,
  type,
  label: { ru, en },
  hint: { ru: hintRu, en: hintEn },
  ...(CHOICES[name] ? { values: CHOICES[name] } : {}),
  nullable: nullable ?? false,
}));

const BY_NAME = new Map(RULE_FIELDS.map((field) => [field.name, field]));

export function ruleField(name: string): RuleField | undefined {
  return BY_NAME.get(name);
}

export type FactValue = string | number | boolean | null;

/** Facts of one line for expert rules: flat, keyed by field name; an absent field counts as unknown. */
export type LineFacts = Readonly<Record<string, FactValue>>;
