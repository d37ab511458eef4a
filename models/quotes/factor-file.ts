import { createCsvSplitter, detectDelimiter } from '../exchange/csv-splitter';
import { AppError } from '../errors';
import type { Factor } from '../underwriting/catalogue';
import { factorCell } from './batch-rows';
import type { RowFault } from './batch-rows';

export interface FactorFileLayout {
  readonly subject: 'clinic' | 'contract' | 'region' | 'pair' | 'market';
  /** Factor code by column of the file. */
  readonly columns: Readonly<Record<string, string>>;
}

export interface FactorFileValue {
  readonly factor: string;
  readonly subjectKey: string;
  /** 0: no year given. */
  readonly year: number;
  readonly value: number;
}

const KEYS: Readonly<Record<FactorFileLayout['subject'], readonly string[]>> = {
  clinic: ['clinic_code'],
  contract: ['contract_no'],
  region: ['region'],
  pair: ['contract_no', 'clinic_code'],
  market: [],
};

/**
 * Reads a source's CSV: the subject's key columns, an optional `year`, and columns that the source maps to factors. Cells
 * that do not fit the catalogue's kind and range are rejected one by one; empty cells say nothing.
 *
 * @throws AppError factor-file-header when a key or every mapped column is missing
 */
export function readFactorFile(
  content: string,
  layout: FactorFileLayout,
  factors: readonly Factor[],
): { readonly values: FactorFileValue[]; readonly faults: RowFault[] } {
  const splitter = createCsvSplitter(detectDelimiter(content));
  const [head, tail] = [splitter.push(content), splitter.end()];
  const rows = [...head.rows, ...tail.rows];
  const rowNos = [...head.rowNos, ...tail.rowNos];
  const names = (rows[0] ?? []).map((name) => name.trim());
  const keys = KEYS[layout.subject].map((name) => ({ name, at: names.indexOf(name) }));
  const yearAt = names.indexOf('year');
  const byCode = new Map(factors.map((factor) => [factor.code, factor]));
  const mapped = Object.entries(layout.columns).flatMap(([column, code]) => {
    const factor = byCode.get(code);
    const at = names.indexOf(column);
    return factor === undefined || at < 0 ? [] : [{ at, factor }];
  });
  const missing = keys.filter(({ at }) => at < 0).map(({ name }) => name);
  if (mapped.length === 0) missing.push(...Object.keys(layout.columns));
  if (missing.length > 0) throw headerError(missing, names);
  const values: FactorFileValue[] = [];
  const faults: RowFault[] = [];
  rows.slice(1).forEach((cells, i) => {
    const rowNo = rowNos[i + 1]!;
    const read = (at: number): string => (cells[at] ?? '').trim();
    const subjectKey = layout.subject === 'market' ? '*' : keys.map(({ at }) => read(at)).join('/');
    const year = yearAt < 0 || read(yearAt) === '' ? 0 : Number(read(yearAt));
    if (subjectKey === '' || !Number.isInteger(year) || (year !== 0 && (year < 2000 || year > 2100))) {
      const reason = { ru: 'Нет ключа или год неверен', en: 'The key is missing or the year is wrong' };
      faults.push({ rowNo, field: 'key', value: subjectKey, rule: 'key', reason });
      return;
    }
    for (const { at, factor } of mapped) {
      const text = read(at);
      if (text === '') continue;
      const value = factorCell(factor, text);
      if (typeof value === 'number') values.push({ factor: factor.code, subjectKey, year, value });
      else faults.push(unfit(rowNo, factor, text));
    }
  });
  return { values, faults };
}

function unfit(rowNo: number, factor: Factor, value: string): RowFault {
  const range = `${factor.min ?? '…'} – ${factor.max ?? '…'}`;
  const reason = {
    ru: `«${factor.nameRu}»: нужно значение ${range}`,
    en: `${factor.code}: a value of ${range} is needed`,
  };
  return { rowNo, field: factor.code, value, rule: 'range', reason };
}

function headerError(missing: readonly string[], names: readonly string[]): AppError {
  return new AppError(
    'factor-file-header',
    {
      ru: `В файле источника нет столбцов ${missing.join(', ')}; есть ${names.slice(0, 12).join(', ')}`,
      en: `The source's file lacks the columns ${missing.join(', ')}; it has ${names.slice(0, 12).join(', ')}`,
    },
    { httpStatus: 422, details: { missing } },
  );
}
