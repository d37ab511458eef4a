const FLAGS: Readonly<Record<string, number>> = {
  true: 1,
  yes: 1,
  y: 1,
  t: 1,
  да: 1,
  false: 0,
  no: 0,
  n: 0,
  f: 0,
  нет: 0,
};

/**
 * Numbers out of a column's distinct texts; NaN for what is none. Yes and no count as 1 and 0, spaces between groups of
 * three digits are left out. What a comma or a dot means is told by the value itself (`1,234.50`, `1,5`, `1.234.567`);
 * one that fits both readings (`1,234`) follows the other values of its column, and where they say nothing either it is
 * 1234 in a comma-separated file, where a decimal comma would have to be quoted in every cell, and 1.234 elsewhere.
 */
export function numbersFromTexts(texts: readonly string[], commaSeparated: boolean): number[] {
  const words = texts.map((text) => text.trim().toLowerCase().replace(GROUP_SPACE, '$1'));
  const marks = words.map(decimalMark);
  const comma = marks.includes(',');
  const dot = marks.includes('.');
  const unclear = comma === dot ? (commaSeparated ? '.' : ',') : comma ? ',' : '.';
  const dotsGroup = words.some((word, i) => marks[i] === ',' && word.includes('.'));
  return words.map((word, i) => {
    if (word === '') return Number.NaN;
    const flag = FLAGS[word];
    if (flag !== undefined) return flag;
    const mark = marks[i] ?? (word.includes(',') ? unclear : dotsGroup ? ',' : '.');
    return Number(mark === ',' ? word.replaceAll('.', '').replace(',', '.') : word.replaceAll(',', ''));
  });
}

const GROUP_SPACE = /(?<=^[+-]?[\d\s\u00a0\u202f]*)(\d)[\s\u00a0\u202f](?=\d{3}(?!\d))/g;
const COMMA_GROUPS = /^[+-]?[1-9]\d{0,2}(?:,\d{3})+$/;
const DOT_GROUPS = /^[+-]?[1-9]\d{0,2}(?:\.\d{3})+$/;

/** The decimal mark that a value shows by itself; null where it shows none or fits both readings. */
function decimalMark(word: string): ',' | '.' | null {
  const commas = word.split(',').length - 1;
  const dots = word.split('.').length - 1;
  if (commas === 0 && dots === 0) return null;
  if (commas > 0 && dots > 0) {
    const [whole, mark]: [string, ',' | '.'] =
      word.lastIndexOf(',') > word.lastIndexOf('.')
        ? [word.slice(0, word.lastIndexOf(',')), ',']
        : [word.slice(0, word.lastIndexOf('.')), '.'];
    return (mark === ',' ? DOT_GROUPS : COMMA_GROUPS).test(whole) ? mark : null;
  }
  if (commas === 1) return COMMA_GROUPS.test(word) ? null : ',';
  if (dots === 1) return DOT_GROUPS.test(word) ? null : '.';
  if (commas > 1) return COMMA_GROUPS.test(word) ? '.' : null;
  return DOT_GROUPS.test(word) ? ',' : null;
}
