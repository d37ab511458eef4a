import { parse } from 'csv-parse/sync';
import { AppError } from '../errors';

export interface DiagnosisEntry {
  readonly code: string;
  readonly name: string;
  /** False for headers, ranges and rubrics that have subrubrics. */
  readonly billable: boolean;
}

interface ClassifierRow {
  readonly ID: string;
  readonly MKB_CODE: string;
  readonly MKB_NAME: string;
  readonly ID_PARENT: string;
  readonly ACTUAL: string;
}

/**
 * Turns the official МКБ-10 classifier (`;`-separated: ID, REC_CODE, MKB_CODE, MKB_NAME, ID_PARENT, ADDL_CODE,
 * ACTUAL, DATE) into diagnoses: actual rows without chapters; billable are those without an actual child.
 */
export function parseIcd10(text: string): DiagnosisEntry[] {
  const rows = parse(text, { delimiter: ';', columns: true, bom: true, relax_quotes: true }) as ClassifierRow[];
  if (rows[0]?.MKB_CODE === undefined) {
    throw new AppError('library.bad-icd10', {
      ru: 'Файл МКБ-10 не читается: нет столбца MKB_CODE',
      en: 'The ICD-10 file cannot be read: column MKB_CODE is missing',
    });
  }
  const actual = rows.filter(({ ACTUAL }) => ACTUAL === '1');
  const parents = new Set(actual.map(({ ID_PARENT }) => ID_PARENT));
  return actual
    .filter(({ MKB_CODE }) => /^[A-Z]\d/.test(MKB_CODE))
    .map(({ ID, MKB_CODE, MKB_NAME }) => ({ code: MKB_CODE, name: MKB_NAME.trim(), billable: !parents.has(ID) }))
    .sort((a, b) => (a.code < b.code ? -1 : 1));
}
