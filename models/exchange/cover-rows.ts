import type { DayNumber } from './dates';
import type { RowReader } from './row-reader';

export type Sex = 'M' | 'F';

export interface InsuredRow {
  policyNo: string;
  programmeCode: string;
  sex: Sex;
  birthDay: DayNumber;
  enrolledFrom: DayNumber;
  enrolledTo: DayNumber;
}

export interface LetterRow {
  letterNo: string;
  policyNo: string;
  clinicCode: string;
  serviceCode: string;
  quantity: number;
  amountKopecks: number;
  validFrom: DayNumber;
  validTo: DayNumber;
}

const SEXES: Readonly<Record<string, Sex>> = {
  м: 'M',
  муж: 'M',
  m: 'M',
  male: 'M',
  ж: 'F',
  жен: 'F',
  f: 'F',
  female: 'F',
};

export function readInsured(row: RowReader): InsuredRow {
  return {
    policyNo: row.identifier('policy_no'),
    programmeCode: row.identifier('programme_code'),
    sex: readSex(row),
    birthDay: row.day('birth_date'),
    enrolledFrom: row.day('enrolled_from'),
    enrolledTo: row.day('enrolled_to'),
  };
}

export function readLetter(row: RowReader): LetterRow {
  return {
    letterNo: row.identifier('letter_no'),
    policyNo: row.identifier('policy_no'),
    clinicCode: row.identifier('clinic_code'),
    serviceCode: row.code('service_code'),
    quantity: row.whole('quantity', 0),
    amountKopecks: row.money('amount_rub'),
    validFrom: row.day('valid_from'),
    validTo: row.day('valid_to'),
  };
}

function readSex(row: RowReader): Sex {
  const text = row.text('sex', 20);
  const sex = SEXES[text.toLowerCase()];
  if (sex === undefined && text !== '') row.add('one-of', 'sex', text);
  return sex ?? 'M';
}
