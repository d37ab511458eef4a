/** Cyrillic capitals that look like Latin ones: people type them into codes of services and diagnoses unknowingly. */
const LOOK_ALIKES: Readonly<Record<string, string>> = {
  А: 'A',
  В: 'B',
  Е: 'E',
  К: 'K',
  М: 'M',
  Н: 'H',
  О: 'O',
  Р: 'P',
  С: 'C',
  Т: 'T',
  У: 'Y',
  Х: 'X',
  І: 'I',
  Ј: 'J',
  Ѕ: 'S',
};

/**
 * Normal form of a code that is Latin by definition: no spaces, capitals, Latin letters. A clinic's own item codes,
 * invoice numbers and letter numbers may be Cyrillic and are never passed through here.
 */
export function normaliseCode(text: string): string {
  if (isPlainCode(text)) return text;
  return foldLookAlikes(text.replace(/\s/g, '').toUpperCase());
}

/** Normal form of a service code (order 804n), e.g. B01.047.001. */
export function normaliseServiceCode(text: string): string {
  return normaliseCode(text);
}

/** Normal form of a diagnosis code (ICD-10), e.g. J06.9. */
export function normaliseDiagnosisCode(text: string): string {
  return normaliseCode(text);
}

/** Replaces look-alike Cyrillic capitals by their Latin twins; used to guess what a mistyped identifier meant. */
export function foldLookAlikes(text: string): string {
  return text.replace(/[АВЕКМНОРСТУХІЈЅ]/g, (letter) => LOOK_ALIKES[letter] ?? letter);
}

function isPlainCode(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code <= 32 || code > 126 || (code >= 97 && code <= 122)) return false;
  }
  return true;
}
