import { column, optionalColumn } from './header';
import type { TableFormat } from './header';

/** Headings under which several files send the same thing. */
const CLINIC = ['код клиники', 'код мо', 'код лпу', 'clinic', 'clinic id'];
const POLICY = ['номер полиса', '№ полиса', 'полис', 'policy', 'policy number'];
const SERVICE = ['код услуги', 'код услуги по номенклатуре', 'service'];
const ITEM_CODE = ['код по прейскуранту', 'код позиции', 'код прейскуранта', 'артикул', 'item'];
const FROM = ['действует с', 'дата начала действия', 'начало', 'from'];
const TO = ['действует по', 'дата окончания действия', 'конец', 'to'];
const NAME = ['наименование', 'название', 'title'];
const LETTER = ['номер гарантийного письма', '№ гп', 'гарантийное письмо', 'letter'];

export const NOMENCLATURE: TableFormat = {
  kind: 'nomenclature',
  columns: [
    column('service_code', ...SERVICE, 'код'),
    column('name', ...NAME, 'наименование услуги', 'service name'),
    column('kind', 'вид', 'вид услуги'),
    optionalColumn('specialty', 'специальность'),
    optionalColumn('minutes', 'минуты', 'время врача'),
  ],
};

export const DIAGNOSES: TableFormat = {
  kind: 'diagnoses',
  columns: [
    column('diagnosis_code', 'код мкб', 'код диагноза', 'мкб-10', 'icd-10', 'код'),
    column('name', ...NAME),
    column('billable', 'можно выставлять', 'конечный код'),
  ],
};

export const CLINICS: TableFormat = {
  kind: 'clinics',
  columns: [
    column('clinic_code', ...CLINIC, 'код'),
    column('name', ...NAME, 'клиника'),
    column('city', 'город'),
    column('level', 'уровень'),
    optionalColumn('latitude', 'широта'),
    optionalColumn('longitude', 'долгота'),
    column('payment_mode', 'способ оплаты'),
    column('open_sunday', 'работает в воскресенье'),
    column('billing_term_days', 'срок выставления счета', 'срок выставления, дней'),
    optionalColumn('hub', 'хаб', 'центр экспертизы'),
  ],
};

export const PRICE_ITEMS: TableFormat = {
  kind: 'price-items',
  columns: [
    column('clinic_code', ...CLINIC),
    column('item_code', ...ITEM_CODE),
    column('item_name', ...NAME, 'наименование услуги'),
    optionalColumn('service_code', ...SERVICE),
    column('price_rub', 'цена', 'цена, руб', 'стоимость', 'price'),
    column('valid_from', ...FROM),
    optionalColumn('valid_to', ...TO),
  ],
};

export const CONTRACTS: TableFormat = {
  kind: 'contracts',
  columns: [
    column('contract_no', 'номер договора', '№ договора', 'договор', 'contract'),
    column('policyholder', 'страхователь'),
    column('start_date', ...FROM, 'дата начала'),
    column('end_date', ...TO, 'дата окончания'),
  ],
};

export const INSURED: TableFormat = {
  kind: 'insured',
  columns: [
    column('policy_no', ...POLICY),
    column('programme_code', 'код программы', 'программа', 'programme'),
    column('sex', 'пол', 'gender'),
    column('birth_date', 'дата рождения', 'birthday'),
    column('enrolled_from', 'прикреплен с', 'дата прикрепления', ...FROM),
    column('enrolled_to', 'прикреплен по', 'дата открепления', ...TO),
  ],
};

export const LETTERS: TableFormat = {
  kind: 'letters',
  columns: [
    column('letter_no', ...LETTER),
    column('policy_no', ...POLICY),
    column('clinic_code', ...CLINIC),
    column('service_code', ...SERVICE),
    column('quantity', 'количество', 'кол-во', 'qty'),
    column('amount_rub', 'сумма', 'сумма, руб', 'amount'),
    column('valid_from', ...FROM),
    column('valid_to', ...TO),
  ],
};

export const INVOICES: TableFormat = {
  kind: 'invoices',
  columns: [
    column('clinic_code', ...CLINIC, 'клиника'),
    column('invoice_no', 'номер счета', '№ счета', 'счет', 'invoice', 'invoice number'),
    column('invoice_date', 'дата счета', 'date of invoice'),
    column('line_no', 'номер строки', '№ строки', '№ п/п', '№', 'line'),
    column('policy_no', ...POLICY),
    column('service_date', 'дата услуги', 'дата оказания услуги', 'дата оказания', 'date of service'),
    column('diagnosis_code', 'код мкб', 'мкб', 'мкб-10', 'диагноз', 'код диагноза', 'icd-10', 'diagnosis'),
    column('item_code', ...ITEM_CODE, ...SERVICE),
    optionalColumn('item_name', 'наименование услуги', 'услуга', ...NAME),
    column('quantity', 'количество', 'кол-во', 'qty'),
    column('unit_price_rub', 'цена', 'цена, руб', 'цена за единицу', 'unit price'),
    column('amount_rub', 'сумма', 'сумма, руб', 'стоимость', 'amount'),
    column('patient_share_rub', 'доля пациента', 'оплачено пациентом', 'франшиза', 'patient share'),
    optionalColumn('doctor_id', 'код врача', 'врач', 'doctor'),
    optionalColumn('tooth', 'зуб', 'номер зуба', 'формула зуба'),
    optionalColumn('letter_no', ...LETTER),
    optionalColumn('episode_no', 'номер случая', '№ случая', 'случай', 'episode'),
  ],
};

export const FEEDBACK: TableFormat = {
  kind: 'feedback',
  columns: [
    column('survey_id', 'номер опроса', 'survey'),
    column('clinic_code', ...CLINIC),
    column('invoice_no', 'номер счета', '№ счета'),
    optionalColumn('line_no', 'номер строки', '№ строки'),
    column('policy_no', ...POLICY),
    column('visit_date', 'дата визита', 'дата посещения'),
    column('answered_at', 'время ответа', 'дата ответа'),
    column('question', 'вопрос'),
    column('answer', 'ответ'),
  ],
};

/** The format of an XLSX or CSV file by the name it has in a world folder. */
export const TABLE_FORMATS = {
  nomenclature: NOMENCLATURE,
  diagnoses: DIAGNOSES,
  clinics: CLINICS,
  'price-items': PRICE_ITEMS,
  contracts: CONTRACTS,
  insured: INSURED,
  letters: LETTERS,
  invoices: INVOICES,
  feedback: FEEDBACK,
} as const;

export type TableKind = keyof typeof TABLE_FORMATS;
