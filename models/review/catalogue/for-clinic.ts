import type { LocalizedText } from '../../errors';

type Values = Readonly<Record<string, unknown>>;

/** What a text says instead of a line that another clinic billed. */
const HIDDEN: LocalizedText = { ru: 'строка другой клиники', en: 'a line of another clinic' };
/** Instead of another clinic's code, whatever case the sentence has it in. */
const HIDDEN_CODE = '***';

/**
 * The values of a finding as the billing clinic may read them: another clinic's code and invoice line are null, and so
 * is the service of a letter that was issued to somebody else. Dates and services stay: without them the clinic could
 * not answer the remark. The insurer's people read the values unchanged.
 *
 * @param clinicCode the clinic that billed the line
 */
export function valuesForClinic(values: Values, clinicCode: string): Record<string, unknown> {
  const hidden = new Set(foreignParts(values, clinicCode).flatMap((part) => [`${part}Clinic`, `${part}Line`]));
  if (values.samePerson === false || values.sameClinic === false) hidden.add('letterService').add('letterClinic');
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, hidden.has(name) ? null : value]));
}

/**
 * The explanation of the same finding for the same reader. Texts name another clinic by its line; those written before
 * DUPL-02 and AUTH-02 were worded anew name its code as well.
 */
export function textForClinic(text: LocalizedText, values: Values, clinicCode: string): LocalizedText {
  const parts = foreignParts(values, clinicCode);
  const lines = parts.map((part) => values[`${part}Line`]).filter((line) => typeof line === 'string');
  const codes = parts.map((part) => standing(String(values[`${part}Clinic`])));
  const without = (language: keyof LocalizedText): string => {
    const said = lines.reduce((left, line) => left.replaceAll(line, () => HIDDEN[language]), text[language]);
    return codes.reduce((left, code) => left.replace(code, HIDDEN_CODE), said);
  };
  return { ru: without('ru'), en: without('en') };
}

/** A code that is a word of its own: not a part of a number. */
function standing(code: string): RegExp {
  const literal = code.replace(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  return new RegExp(String.raw`(?<![\p{L}\p{N}/-])${literal}(?![\p{L}\p{N}/-])`, 'gu');
}

/** `earlier` for { earlierLine, earlierClinic } of another clinic, as rules/read.ts writes a line into evidence. */
function foreignParts(values: Values, clinicCode: string): string[] {
  return Object.entries(values).flatMap(([name, value]) =>
    name.endsWith('Clinic') && typeof value === 'string' && value !== clinicCode ? [name.slice(0, -6)] : [],
  );
}
