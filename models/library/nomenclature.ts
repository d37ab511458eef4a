import { normaliseServiceCode } from '../exchange/codes';
import type { LocalizedText } from '../errors';
import type { ServiceKind } from '../service-kinds';
import { inferKind, inferMinutes, inferSpecialty } from './service-kind';

export interface NomenclatureRow {
  readonly code: string;
  readonly name: string;
  readonly kind: ServiceKind;
  readonly specialty: string | null;
  readonly minutes: number | null;
}

export interface NomenclatureProblem {
  /** Row of the file, from 1, the header counted. */
  readonly row: number;
  readonly field: 'code' | 'name';
  readonly value: string;
  readonly text: LocalizedText;
}

export interface NomenclatureFile {
  readonly rows: readonly NomenclatureRow[];
  /** Codes that the file marks as no longer in force. */
  readonly repealed: readonly string[];
  readonly problems: readonly NomenclatureProblem[];
}

const CODE = /^[AB]\d{2}\.\d{2,3}(\.\d{3}){1,3}$/;
const REPEALED = /утратил[аи]? силу/i;

/**
 * Reads the whole official nomenclature of order 804н: `code;name` (or comma, or tab), with or without a header and
 * a status column, UTF-8 text. Cyrillic look-alikes in codes are repaired; rows that are no code with a name are
 * reported and the rest goes on; the first of two rows with one code stays.
 */
export function parseNomenclature(text: string): NomenclatureFile {
  const lines = text.replace(/^\uFEFF/, '').split(/\r?\n/);
  const delimiter = detectDelimiter(lines.find((line) => line.trim() !== '') ?? '');
  const rows = new Map<string, NomenclatureRow>();
  const repealed: string[] = [];
  const problems: NomenclatureProblem[] = [];
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    const cells = splitLine(line, delimiter);
    const code = normaliseServiceCode(cells[0] ?? '');
    const name = (cells[1] ?? '').replace(/\s+/g, ' ').trim();
    if (!CODE.test(code)) {
      if (i > 0) problems.push(badRow(i + 1, 'code', cells[0] ?? ''));
    } else if (REPEALED.test(name) || REPEALED.test(cells[2] ?? '')) repealed.push(code);
    else if (name === '') problems.push(badRow(i + 1, 'name', ''));
    else if (!rows.has(code)) rows.set(code, serviceOf(code, name));
  });
  const sorted = [...rows.values()].sort((a, b) => (a.code < b.code ? -1 : 1));
  return { rows: sorted, repealed, problems };
}

/** A service with its inferred kind, specialty and minutes. */
export function serviceOf(code: string, name: string): NomenclatureRow {
  const kind = inferKind(code, name);
  const specialty = kind === 'consultation' ? inferSpecialty(name) : null;
  return { code, name, kind, specialty, minutes: inferMinutes(code, kind) };
}

function detectDelimiter(line: string): string {
  return [';', '\t', ','].find((mark) => line.includes(mark)) ?? ';';
}

function splitLine(line: string, delimiter: string): string[] {
  const cells: string[] = [];
  let [cell, quoted] = ['', false];
  for (let i = 0; i < line.length; i += 1) {
    const char = line[i]!;
    if (char === '"' && quoted && line[i + 1] === '"') {
      cell += '"';
      i += 1;
    } else if (char === '"') quoted = !quoted;
    else if (char === delimiter && !quoted) {
      cells.push(cell);
      cell = '';
    } else cell += char;
  }
  return [...cells, cell];
}

function badRow(row: number, field: 'code' | 'name', value: string): NomenclatureProblem {
  const text =
    field === 'code'
      ? {
          ru: `Строка ${row}: «${value}» не код услуги вида A09.05.023`,
          en: `Row ${row}: "${value}" is not a service code like A09.05.023`,
        }
      : { ru: `Строка ${row}: нет наименования`, en: `Row ${row}: the name is missing` };
  return { row, field, value, text };
}
