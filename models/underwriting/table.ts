import { numbersFromTexts } from './text-numbers';

/** A column of numbers: NaN means missing. */
export interface NumberColumn {
  readonly kind: 'number';
  readonly values: Float64Array;
}

/** A column of texts, stored as codes into its levels: -1 means missing. */
export interface TextColumn {
  readonly kind: 'text';
  readonly codes: Int32Array;
  readonly levels: readonly string[];
  /** From a comma-separated file, where a comma inside a number more likely groups thousands. */
  readonly commaSeparated?: boolean;
}

export type Column = NumberColumn | TextColumn;

/** Column-wise data: what training, scoring and statistics read. */
export interface Table {
  readonly rows: number;
  readonly columns: readonly string[];
  readonly data: ReadonlyMap<string, Column>;
}

/** The numbers of a column; a text column gives what can be read as numbers, an absent one only missing values. */
export function numbersOf(table: Table, name: string): Float64Array {
  const column = table.data.get(name);
  if (column === undefined) return new Float64Array(table.rows).fill(Number.NaN);
  if (column.kind === 'number') return column.values;
  let numbers = readTexts.get(column);
  if (numbers === undefined) {
    const byLevel = numbersFromTexts(column.levels, column.commaSeparated === true);
    numbers = Float64Array.from(column.codes, (code) => (code < 0 ? Number.NaN : byLevel[code]!));
    readTexts.set(column, numbers);
  }
  return numbers;
}

const readTexts = new WeakMap<TextColumn, Float64Array>();

/** The texts of a column as levels and codes (-1 missing); numbers become their shortest decimal form. */
export function levelsOf(table: Table, name: string): TextColumn {
  const column = table.data.get(name);
  if (column === undefined) return { kind: 'text', codes: new Int32Array(table.rows).fill(-1), levels: [] };
  if (column.kind === 'text') return column;
  const index = new Map<number, number>();
  const levels: string[] = [];
  const codes = new Int32Array(table.rows).fill(-1);
  column.values.forEach((value, row) => {
    if (Number.isNaN(value)) return;
    let code = index.get(value);
    if (code === undefined) {
      code = levels.push(String(value)) - 1;
      index.set(value, code);
    }
    codes[row] = code;
  });
  return { kind: 'text', codes, levels };
}

/** One cell as text ('' when missing or the column is absent). */
export function textAt(table: Table, name: string, row: number): string {
  const column = table.data.get(name);
  if (column === undefined) return '';
  if (column.kind === 'number') return Number.isNaN(column.values[row]!) ? '' : String(column.values[row]);
  const code = column.codes[row]!;
  return code < 0 ? '' : column.levels[code]!;
}

/** The rows with the given indices, in that order. */
export function pickRows(table: Table, rows: ArrayLike<number>): Table {
  const data = new Map<string, Column>();
  for (const [name, column] of table.data) {
    if (column.kind === 'number') {
      const values = new Float64Array(rows.length);
      for (let i = 0; i < rows.length; i++) values[i] = column.values[rows[i]!]!;
      data.set(name, { kind: 'number', values });
    } else {
      const codes = new Int32Array(rows.length);
      for (let i = 0; i < rows.length; i++) codes[i] = column.codes[rows[i]!]!;
      data.set(name, { ...column, codes });
    }
  }
  return { rows: rows.length, columns: table.columns, data };
}

/** The table with one column replaced or added. */
export function withColumn(table: Table, name: string, column: Column): Table {
  const data = new Map(table.data);
  data.set(name, column);
  return { rows: table.rows, columns: table.columns.includes(name) ? table.columns : [...table.columns, name], data };
}

/** A table from plain records (JSON of an API): values are numbers, booleans, texts, null or absent. */
export function tableFromRecords(records: readonly Readonly<Record<string, unknown>>[]): Table {
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const data = new Map<string, Column>();
  for (const name of columns) {
    const values = records.map((record) => record[name]);
    if (values.every((value) => typeof value !== 'string')) {
      data.set(name, { kind: 'number', values: Float64Array.from(values, toNumber) });
      continue;
    }
    const levels: string[] = [];
    const index = new Map<string, number>();
    const codes = Int32Array.from(values, (value) => {
      if (value === null || value === undefined || value === '') return -1;
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      let code = index.get(text);
      if (code === undefined) index.set(text, (code = levels.push(text) - 1));
      return code;
    });
    data.set(name, { kind: 'text', codes, levels });
  }
  return { rows: records.length, columns, data };
}

function toNumber(value: unknown): number {
  return typeof value === 'number' || typeof value === 'boolean' ? Number(value) : Number.NaN;
}
