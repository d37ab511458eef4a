import type { ServiceKind } from '../service-kinds';

/** First rule that fits gives the kind; the codes are those of order 804н, the kinds are ours (formats). */
const KIND_RULES: readonly (readonly [RegExp, ServiceKind])[] = [
  [/^A(02|05|11|12|15)\.07|^A16\.07|^A21\.07|^A22\.07|^A03\.07|^A13\.30\.007|^A14\.07/, 'dental'],
  [/^A12\.06\.006/, 'procedure'],
  [/^B03\.052/, 'imaging'],
  [/^A12\.(28\.002|30\.01[24])/, 'lab'],
  [/^A0[34567]/, 'imaging'],
  [/^A0[89]|^A2[67]|^B03\.(?!052|047)/, 'lab'],
  [/^A12\.(05|06|19|20|21|28\.01|04\.001|09\.010|09\.012|15|22)/, 'lab'],
  [/^A16\.(01\.00[1289]|01\.027|08\.0(06|11|16|23)|25\.008|26\.0(05|18|51)|19\.017)/, 'procedure'],
  [/^A16/, 'surgery'],
  [/^A17|^A19|^A2[01]|^A22(?!\.(01\.00[2-4]|12|26|28))/, 'physio'],
  [/^A(02|10|11|12|13|14|15|18|22|24)/, 'procedure'],
  [/^B01\.003\.004/, 'surgery'],
  [/^B01\.001\.00[679]/, 'inpatient'],
  [/^B04\.014\.004/, 'vaccination'],
];

/** Kind of a nomenclature service by its code and name: a default awaiting review, the order has no kinds. */
export function inferKind(code: string, name: string): ServiceKind {
  const rule = KIND_RULES.find(([pattern]) => pattern.test(code));
  if (rule) return rule[1];
  if (/^B0[14]/.test(code)) {
    if (/^Ежедневный осмотр|^Суточное наблюдение/.test(name)) return 'inpatient';
    if (/прием/i.test(name) || /^B01\.\d{3}\.00[12]$/.test(code)) return 'consultation';
  }
  return 'other';
}

/** Doctor's minutes of a service, null where no doctor's time is counted: defaults awaiting review. */
export function inferMinutes(code: string, kind: ServiceKind): number | null {
  if (/^A19|^A21|^A16\.07/.test(code)) return 30;
  const byKind: Partial<Record<ServiceKind, number>> = {
    imaging: 20,
    procedure: 15,
    dental: 15,
    surgery: 60,
    consultation: 20,
  };
  return byKind[kind] ?? null;
}

/** Specialty of a consultation, read from its name: «Прием (осмотр, консультация) врача-невролога первичный» -> «врача-невролога». */
export function inferSpecialty(name: string): string | null {
  const match = /консультация\)\s+(.+?)(?:\s+(?:первичный|повторный|диспансерный|профилактический))?$/.exec(name);
  return match ? match[1]! : null;
}
