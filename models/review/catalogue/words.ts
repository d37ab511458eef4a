import type { LocalizedText } from '../../errors';
import type { ServiceKind } from '../../service-kinds';
import {
  ALREADY_DUPLICATE,
  CLINIC_UNKNOWN,
  EXEMPT_KIND,
  LETTER_UNKNOWN,
  NOT_CAPITATION,
  NOT_LISTED,
  NO_DIAGNOSIS,
  NO_DOCTOR_TIME,
  NO_ENROLMENT,
  NO_EPISODE,
  NO_GUIDELINE,
  NO_KIND,
  NO_LETTER_CITED,
  NO_LETTER_NEEDED,
  NO_LIMIT,
  NO_PRICE_ITEM,
  NO_SERVICE,
  NO_SUCH_RULE,
  NO_TERM,
  OTHER_KIND,
  POLICY_UNKNOWN,
} from '../rule';

export const KIND_NAMES: Readonly<Record<ServiceKind, LocalizedText>> = {
  consultation: { ru: 'приём врача', en: 'consultations' },
  lab: { ru: 'лабораторные исследования', en: 'laboratory tests' },
  imaging: { ru: 'инструментальная диагностика', en: 'imaging' },
  procedure: { ru: 'процедуры', en: 'procedures' },
  surgery: { ru: 'операции', en: 'surgery' },
  physio: { ru: 'физиотерапия', en: 'physiotherapy' },
  dental: { ru: 'стоматология', en: 'dental care' },
  inpatient: { ru: 'стационар', en: 'inpatient care' },
  vaccination: { ru: 'вакцинация', en: 'vaccination' },
  other: { ru: 'прочее', en: 'other care' },
};

export const SEX_NAMES: Readonly<Record<'M' | 'F' | 'any', LocalizedText>> = {
  M: { ru: 'мужской', en: 'male' },
  F: { ru: 'женский', en: 'female' },
  any: { ru: 'любой', en: 'any' },
};

/** Why a rule did not judge a line, by outcome number. */
export const REASONS: Readonly<Record<number, LocalizedText & { name: string }>> = {
  [NO_LETTER_CITED]: { name: 'no-letter-cited', ru: 'письмо не указано', en: 'no letter is cited' },
  [NO_LETTER_NEEDED]: {
    name: 'no-letter-needed',
    ru: 'программа не требует письма на эту услугу',
    en: 'the programme needs no letter for this service',
  },
  [NO_PRICE_ITEM]: {
    name: 'no-price-item',
    ru: 'нет действующей позиции прейскуранта, не с чем сравнить',
    en: 'no price item is in force, so there is nothing to compare with',
  },
  [NOT_CAPITATION]: {
    name: 'not-capitation',
    ru: 'клиника не на подушевой оплате',
    en: 'the clinic is not paid per head',
  },
  [NO_LIMIT]: { name: 'no-limit', ru: 'ограничения нет', en: 'there is no limit' },
  [OTHER_KIND]: {
    name: 'other-kind',
    ru: 'правило не для этого вида услуг',
    en: 'the rule is not for this kind of service',
  },
  [NO_EPISODE]: { name: 'no-episode', ru: 'номер случая не указан', en: 'no episode is given' },
  [NOT_LISTED]: {
    name: 'not-listed',
    ru: 'действующие рекомендации не называют услугу',
    en: 'the applying guidelines do not list the service',
  },
  [NO_SUCH_RULE]: { name: 'no-such-rule', ru: 'правил об этом нет', en: 'no rule is about it' },
  [NO_DOCTOR_TIME]: {
    name: 'no-doctor-time',
    ru: 'врач не указан или у услуги нет нормы времени',
    en: 'no doctor is given, or the service takes no minutes',
  },
  [NO_TERM]: { name: 'no-term', ru: 'срок выставления не установлен', en: 'no billing term is set' },
  [ALREADY_DUPLICATE]: {
    name: 'already-duplicate',
    ru: 'строка уже отмечена как повтор',
    en: 'the line already has a duplicate finding',
  },
  [EXEMPT_KIND]: {
    name: 'exempt-kind',
    ru: 'вид услуг не сверяется с рекомендациями',
    en: 'this kind of service is exempt',
  },
  [POLICY_UNKNOWN]: { name: 'policy-unknown', ru: 'полис неизвестен', en: 'the policy is unknown' },
  [NO_ENROLMENT]: {
    name: 'no-enrolment',
    ru: 'нет прикрепления на дату услуги, программы нет',
    en: 'no enrolment on the date, so there is no programme',
  },
  [NO_SERVICE]: {
    name: 'no-service',
    ru: 'услуга строки неизвестна: позиции нет или она не сопоставлена',
    en: 'the line has no service: no price item, or not mapped yet',
  },
  [NO_DIAGNOSIS]: { name: 'no-diagnosis', ru: 'диагноз не указан', en: 'no diagnosis is given' },
  [NO_GUIDELINE]: {
    name: 'no-guideline',
    ru: 'ни одна рекомендация не действует для этого диагноза, возраста и дня',
    en: 'no guideline applies to this diagnosis, age and day',
  },
  [CLINIC_UNKNOWN]: { name: 'clinic-unknown', ru: 'клиника неизвестна', en: 'the clinic is unknown' },
  [NO_KIND]: { name: 'no-kind', ru: 'вид услуги неизвестен', en: 'the kind of the service is unknown' },
  [LETTER_UNKNOWN]: { name: 'letter-unknown', ru: 'такого письма нет', en: 'there is no such letter' },
};
