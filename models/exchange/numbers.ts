/** Roubles of one line stay far below 2^53 kopecks, so plain numbers are exact. */
export const MAX_KOPECKS = 99_999_999_999_99;
export const MAX_INT = 2_147_483_647;

const SPACES = /[\s\u00A0\u2007\u2009\u202F'’]/g;
const CURRENCY = /(?:₽|руб\.?|р\.|rub)$/i;
const THOUSANDS_THEN_DOT = /^\d{1,3}(?:,\d{3})+\.\d+$/;
const THOUSANDS_THEN_COMMA = /^\d{1,3}(?:\.\d{3})+,\d+$/;
const PLAIN_DECIMAL = /^(\d+)(?:\.(\d*))?$/;

/**
 * Reads roubles as whole kopecks. Takes a dot or a decimal comma, spaces between thousands and a rouble sign; refuses
 * a third digit after the point that is not zero, a minus and exponents.
 *
 * @returns kopecks, NaN when the text is no sum of money
 */
export function parseMoney(text: string): number {
  const plain = plainMoney(text);
  return Number.isNaN(plain) ? looseMoney(text) : plain;
}

/** Kopecks of digits with at most two decimals after a dot; NaN for every other notation. */
export function plainMoney(text: string): number {
  const length = text.length;
  if (length === 0 || length > 15) return Number.NaN;
  let value = 0;
  let decimals = -1;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code === 46) {
      if (decimals >= 0 || at === 0) return Number.NaN;
      decimals = 0;
    } else if (code < 48 || code > 57 || decimals === 2) {
      return Number.NaN;
    } else {
      value = value * 10 + code - 48;
      if (decimals >= 0) decimals++;
    }
  }
  if (decimals === 0) return Number.NaN;
  const kopecks = decimals === 2 ? value : decimals === 1 ? value * 10 : value * 100;
  return kopecks <= MAX_KOPECKS ? kopecks : Number.NaN;
}

/** Whole number between the bounds, NaN otherwise. "2.0" and "1 200" count as whole; "2.5", "-1" and "1e3" do not. */
export function parseWhole(text: string, min: number, max: number): number {
  const length = text.length;
  if (length === 0 || length > 24) return Number.NaN;
  let value = 0;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    if (code < 48 || code > 57) return looseWhole(text, min, max);
    value = value * 10 + code - 48;
  }
  return value >= min && value <= max ? value : Number.NaN;
}

/** Finite decimal number between the bounds with a dot or a comma, NaN otherwise. */
export function parseDecimal(text: string, min: number, max: number): number {
  const cleaned = text.replace(SPACES, '').replace(',', '.');
  if (!/^-?\d{1,15}(?:\.\d{1,15})?$/.test(cleaned)) return Number.NaN;
  const value = Number(cleaned);
  return value >= min && value <= max ? value : Number.NaN;
}

/** 3700.50 for 370050: the form of money in every file. */
export function roublesOfKopecks(kopecks: number): string {
  const sign = kopecks < 0 ? '-' : '';
  const whole = Math.abs(kopecks);
  return `${sign}${Math.floor(whole / 100)}.${String(whole % 100).padStart(2, '0')}`;
}

function looseMoney(text: string): number {
  if (text.length > 32) return Number.NaN;
  const match = PLAIN_DECIMAL.exec(withDot(text.replace(SPACES, '').replace(CURRENCY, '')));
  if (!match) return Number.NaN;
  const decimals = (match[2] ?? '').replace(/0+$/, '');
  if (decimals.length > 2) return Number.NaN;
  const kopecks = Number(match[1]) * 100 + Number(decimals.padEnd(2, '0'));
  return kopecks <= MAX_KOPECKS ? kopecks : Number.NaN;
}

function looseWhole(text: string, min: number, max: number): number {
  const match = /^(\d+)(?:\.0*)?$/.exec(withDot(text.replace(SPACES, '')));
  const value = match ? Number(match[1]) : Number.NaN;
  return value >= min && value <= max ? value : Number.NaN;
}

function withDot(text: string): string {
  if (THOUSANDS_THEN_DOT.test(text)) return text.replaceAll(',', '');
  if (THOUSANDS_THEN_COMMA.test(text)) return text.replaceAll('.', '').replace(',', '.');
  return text.replace(',', '.');
}
