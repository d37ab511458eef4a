import type { LocalizedText } from '../../errors';
import type { AskableLine } from './questions';

export interface PlainAction {
  /** Lines with the same key are one fact for the patient. */
  readonly key: string;
  readonly text: LocalizedText;
}

/** Observable facts by nomenclature prefix; the longest prefix wins. None of them names an organ's illness. */
const BY_PREFIX: readonly (readonly [string, string, string, string])[] = [
  ['A09.05', 'blood', 'Брали ли у вас кровь?', 'Was your blood taken?'],
  ['A12.05', 'blood', 'Брали ли у вас кровь?', 'Was your blood taken?'],
  ['A12.06', 'blood', 'Брали ли у вас кровь?', 'Was your blood taken?'],
  ['B03.016.006', 'urine', 'Сдавали ли вы мочу?', 'Did you give a urine sample?'],
  ['B03.016', 'blood', 'Брали ли у вас кровь?', 'Was your blood taken?'],
  ['B03.005', 'blood', 'Брали ли у вас кровь?', 'Was your blood taken?'],
  ['A11.12.009', 'blood', 'Брали ли у вас кровь?', 'Was your blood taken?'],
  ['A11.05.001', 'blood', 'Брали ли у вас кровь?', 'Was your blood taken?'],
  ['A09.28', 'urine', 'Сдавали ли вы мочу?', 'Did you give a urine sample?'],
  ['A26.28', 'urine', 'Сдавали ли вы мочу?', 'Did you give a urine sample?'],
  ['A26', 'swab', 'Брали ли у вас мазок или другую пробу?', 'Was a swab or another sample taken?'],
  ['A04', 'ultrasound', 'Делали ли вам УЗИ?', 'Did you have an ultrasound scan?'],
  ['A05.10', 'ecg', 'Снимали ли вам кардиограмму?', 'Was an ECG recorded?'],
  ['A05.30', 'tomograph', 'Делали ли вам томографию?', 'Did you have a scan in a tomograph?'],
  ['A05', 'device', 'Обследовали ли вас на аппарате?', 'Were you examined with a device?'],
  ['A06', 'x-ray', 'Делали ли вам рентген или снимок?', 'Was an X-ray taken?'],
  ['A03', 'scope', 'Осматривали ли вас с помощью прибора?', 'Were you examined with an instrument?'],
  ['A02.12.002', 'pressure', 'Измеряли ли вам давление?', 'Was your blood pressure measured?'],
  ['A11.02.002', 'injection', 'Делали ли вам укол?', 'Were you given an injection?'],
  ['A11.12', 'drip', 'Делали ли вам укол или капельницу?', 'Were you given an injection or a drip?'],
  ['A21', 'massage', 'Делали ли вам массаж?', 'Were you given a massage?'],
  ['A17', 'physio', 'Была ли у вас физиопроцедура?', 'Did you have a physiotherapy session?'],
  ['A20', 'physio', 'Была ли у вас физиопроцедура?', 'Did you have a physiotherapy session?'],
  ['A22', 'physio', 'Была ли у вас физиопроцедура?', 'Did you have a physiotherapy session?'],
  ['A19', 'exercise', 'Занимались ли вы лечебной физкультурой?', 'Did you have a session of exercises?'],
];

const BY_KIND: Readonly<Record<AskableLine['kind'], readonly [string, string]>> = {
  consultation: ['Осматривал ли вас врач?', 'Did a doctor see you?'],
  lab: ['Сдавали ли вы анализ?', 'Did you give a sample for a test?'],
  imaging: ['Обследовали ли вас на аппарате?', 'Were you examined with a device?'],
  procedure: ['Делали ли вам процедуру?', 'Did you have a procedure?'],
  surgery: ['Делали ли вам операцию?', 'Did you have an operation?'],
  physio: ['Была ли у вас физиопроцедура?', 'Did you have a physiotherapy session?'],
  dental: ['Лечил ли вас стоматолог?', 'Were you treated by a dentist?'],
  inpatient: ['Лежали ли вы в стационаре?', 'Did you stay in hospital?'],
  vaccination: ['Делали ли вам прививку?', 'Were you vaccinated?'],
  other: ['Получали ли вы услугу в клинике?', 'Did you receive a service at the clinic?'],
  unknown: ['Получали ли вы услугу в клинике?', 'Did you receive a service at the clinic?'],
};

/**
 * Specialties whose very name tells of a condition are asked as "a doctor"; the others by name, so that a person who
 * saw two doctors knows which one is meant.
 */
const PLAIN_SPECIALTIES: Readonly<Record<string, readonly [string, string]>> = {
  терапевт: ['терапевт', 'general practitioner'],
  'врач общей практики': ['врач общей практики', 'general practitioner'],
  педиатр: ['педиатр', 'paediatrician'],
  хирург: ['хирург', 'surgeon'],
  офтальмолог: ['окулист', 'eye doctor'],
  оториноларинголог: ['лор-врач', 'ear, nose and throat doctor'],
  невролог: ['невролог', 'neurologist'],
  'травматолог-ортопед': ['травматолог', 'orthopaedic doctor'],
  'стоматолог-терапевт': ['стоматолог', 'dentist'],
  'стоматолог-хирург': ['стоматолог', 'dentist'],
  'стоматолог-ортопед': ['стоматолог', 'dentist'],
};

/** The observable fact behind a line. */
export function plainAction(line: AskableLine): PlainAction {
  if (line.kind === 'consultation') {
    const name = line.specialty === null ? undefined : PLAIN_SPECIALTIES[line.specialty];
    if (name) {
      return {
        key: `doctor ${name[1]}`,
        text: { ru: `Принимал ли вас ${name[0]}?`, en: `Did ${article(name[1])} ${name[1]} see you?` },
      };
    }
    return { key: 'doctor', text: { ru: BY_KIND.consultation[0], en: BY_KIND.consultation[1] } };
  }
  const code = line.serviceCode ?? '';
  let best: (typeof BY_PREFIX)[number] | undefined;
  for (const entry of BY_PREFIX) {
    if (code.startsWith(entry[0]) && (!best || entry[0].length > best[0].length)) best = entry;
  }
  if (best && line.kind !== 'surgery' && line.kind !== 'dental') {
    return { key: best[1], text: { ru: best[2], en: best[3] } };
  }
  const [ru, en] = BY_KIND[line.kind];
  return { key: line.kind, text: { ru, en } };
}

function article(noun: string): string {
  return /^[aeiou]/i.test(noun) ? 'an' : 'a';
}
