/** Families of finding codes whose grounds are administrative: cover, letter, price, limit, duplicate. */
export const ADMINISTRATIVE_FAMILIES = ['ELIG', 'AUTH', 'PRIC', 'LIMI', 'DUPL'] as const;

export type Ground = 'administrative' | 'medical';

/** The family is the four letters before the first dash: `PRIC-02` -> `PRIC`. */
export function familyOf(code: string): string {
  return code.slice(0, 4);
}

/** Grounds of a reason code. Whatever is not administrative is medical and takes a named doctor (invariant 1). */
export function groundOf(code: string): Ground {
  return (ADMINISTRATIVE_FAMILIES as readonly string[]).includes(familyOf(code)) ? 'administrative' : 'medical';
}
