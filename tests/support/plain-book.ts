import { createRandom } from '../../models/underwriting/random';
import { parseCatalogue } from '../../models/underwriting/catalogue';
import type { Factor } from '../../models/underwriting/catalogue';

/** Catalogue of a book of single policies: odd names, a category, declared directions, a constant, an absent factor. */
export const PLAIN_CATALOGUE = [
  'code,kind,min,max,monotone',
  'age (лет),number,0,100,',
  'Регион;код,category,,,',
  'price index,number,0,10,+',
  'bmi,number,,,',
  '"fr,%",number,0,100,-',
  'const,number,,,',
  'not_there,number,,,',
].join('\n');

export function plainFactors(): Factor[] {
  return parseCatalogue(PLAIN_CATALOGUE);
}

const REGIONS = ['Москва', 'СПб', 'Казань, центр', 'He said "hi"', ''];
const HEADER = ['policy', 'age (лет)', 'Регион;код', 'price index', 'bmi', 'fr,%', 'const', 'expo', 'paid'];

/**
 * Rows of such a book as cells. A steep step (over 55 in Москва) and a product are what smooth shapes find hard.
 *
 * @param owners - number of policies that the rows belong to
 */
export function plainRows(rows: number, seed: number, owners = rows): string[][] {
  const random = createRandom(seed);
  return Array.from({ length: rows }, () => {
    const age = 18 + 52 * random();
    const region = REGIONS[Math.floor(random() * REGIONS.length)]!;
    const price = Math.exp(0.6 * (random() - 0.5));
    const bmi = random() < 0.4 ? null : 20 + 12 * random();
    const franchise = 10 * Math.floor(4 * random());
    const exposure = 0.1 + 2.9 * random();
    const eta =
      0.02 * (age - 40) +
      Math.log(price) -
      0.015 * franchise +
      (age > 55 && region === 'Москва' ? 1.2 : 0) +
      (bmi !== null && bmi > 27 && franchise === 0 ? 0.7 : 0);
    let paid = 0;
    for (let left = -Math.log(random()); left < exposure * Math.exp(eta); left -= Math.log(random()))
      paid += -800 * Math.log(random());
    const owner = `P${String(Math.floor(random() * owners)).padStart(6, '0')}`;
    const numbers = [price.toFixed(4), bmi === null ? '' : bmi.toFixed(2), String(franchise), '5', exposure.toFixed(3)];
    return [owner, age.toFixed(1), region, ...numbers, paid.toFixed(2)];
  });
}

/** The rows as CSV in one of the shapes that files come in. */
export function plainCsv(
  rows: readonly (readonly string[])[],
  shape: {
    readonly delimiter?: ',' | ';';
    readonly quoted?: boolean;
    readonly bom?: boolean;
    readonly crlf?: boolean;
  } = {},
): string {
  const { delimiter = ',', quoted = false, bom = false, crlf = false } = shape;
  const cell = (text: string): string => {
    const shown = delimiter === ';' && /^-?\d+\.\d+$/.test(text) ? text.replace('.', ',') : text;
    return quoted || /[",;\n]/.test(shown) ? `"${shown.replaceAll('"', '""')}"` : shown;
  };
  const lines = [HEADER, ...rows].map((line) => line.map(cell).join(delimiter));
  return `${bom ? '\uFEFF' : ''}${lines.join(crlf ? '\r\n' : '\n')}\n`;
}
