/** A value of a CSV cell. Texts are guarded against being run as formulas; codes come out exactly as they are. */
export type CsvCell = string | number | null;

const NEEDS_QUOTES = /[",\r\n;]/;
/** First characters that spreadsheets take for the start of a formula (OWASP, "CSV Injection"; ASVS 5.0 item 1.2.10). */
const FORMULA_START = /^[=+\-@\t\r]/;
/** A sign followed by letters, digits and the usual separators of codes calls nothing. */
const HARMLESS_CODE = /^[+-][\p{L}\d][\p{L}\d ./+-]*$/u;

/**
 * One line of CSV, RFC 4180, with LF. `codes` are positions of cells that identify something (invoice numbers, service
 * codes): they keep their exact form, since a guarded "-15/A" would no longer be the invoice's number; of them only
 * what could call a function is guarded. The importers take the guard (an apostrophe) off again.
 */
export function csvLine(cells: readonly CsvCell[], codes?: ReadonlySet<number>): string {
  let line = '';
  for (let index = 0; index < cells.length; index++) {
    const cell = cells[index];
    if (index > 0) line += ',';
    if (cell == null) continue;
    line +=
      typeof cell === 'number' ? String(cell) : quoted(codes?.has(index) === true ? guardCode(cell) : guardText(cell));
  }
  return `${line}\n`;
}

/** Puts an apostrophe before a text that a spreadsheet would run as a formula. */
export function guardText(text: string): string {
  return FORMULA_START.test(text) ? `'${text}` : text;
}

/** As guardText, but leaves numbers and codes that merely begin with a sign. */
export function guardCode(text: string): string {
  return FORMULA_START.test(text) && !HARMLESS_CODE.test(text) ? `'${text}` : text;
}

function quoted(text: string): string {
  return NEEDS_QUOTES.test(text) || text !== text.trim() ? `"${text.replaceAll('"', '""')}"` : text;
}
