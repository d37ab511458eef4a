import { emptyAgreement } from './compare';
import type { Agreement, Comparison } from './compare';

/** Sums of one code over the changed lines; money is the insurer's share at risk in kopecks, finding by finding. */
export interface CodeChange {
  readonly code: string;
  readonly added: number;
  readonly removed: number;
  readonly addedKopecks: number;
  readonly removedKopecks: number;
  /** Of the lines with an added finding: what doctors had decided. */
  readonly addedOnCut: number;
  readonly addedOnAccepted: number;
  readonly removedOnCut: number;
  readonly removedOnAccepted: number;
}

export interface ClinicChange {
  readonly clinic: string;
  readonly lines: number;
  readonly added: number;
  readonly removed: number;
  /** What lines risk after less what they risk before, kopecks. */
  readonly riskKopecks: number;
}

export interface RuleTime {
  readonly rule: string;
  readonly ms: number;
  readonly lines: number;
}

/** What one chunk, or a whole run, has found. Plain data: sums of parts are the sum of the whole, in any order. */
export interface ShadowSums {
  readonly lines: number;
  readonly linesChanged: number;
  readonly findingsAdded: number;
  readonly findingsRemoved: number;
  readonly riskBeforeKopecks: number;
  readonly riskAfterKopecks: number;
  readonly codes: readonly CodeChange[];
  readonly clinics: readonly ClinicChange[];
  /** How flags agree with what doctors decided, with the rules in force and with the candidate. */
  readonly agreementBefore: Agreement;
  readonly agreementAfter: Agreement;
  /** Time of each rule with the candidate, the slowest first. */
  readonly rules: readonly RuleTime[];
}

export const NO_SUMS: ShadowSums = {
  lines: 0,
  linesChanged: 0,
  findingsAdded: 0,
  findingsRemoved: 0,
  riskBeforeKopecks: 0,
  riskAfterKopecks: 0,
  codes: [],
  clinics: [],
  agreementBefore: emptyAgreement(),
  agreementAfter: emptyAgreement(),
  rules: [],
};

/** The sums of one comparison. `rules`: time of each rule. */
export function sumsOf({ lines, changed, before, after }: Comparison, rules: readonly RuleTime[]): ShadowSums {
  const codes = changed.flatMap((line) => {
    const cut = line.doctor !== null && line.doctor !== 'accept';
    const accepted = line.doctor === 'accept';
    return [
      ...line.added.map(({ code, atRisk }) => ({
        ...NO_CODE,
        code,
        added: 1,
        addedKopecks: atRisk,
        addedOnCut: Number(cut),
        addedOnAccepted: Number(accepted),
      })),
      ...line.removed.map(({ code, atRisk }) => ({
        ...NO_CODE,
        code,
        removed: 1,
        removedKopecks: atRisk,
        removedOnCut: Number(cut),
        removedOnAccepted: Number(accepted),
      })),
    ];
  });
  const clinics = changed.map(({ clinic, added, removed, riskBefore, riskAfter }) => ({
    clinic,
    lines: 1,
    added: added.length,
    removed: removed.length,
    riskKopecks: riskAfter - riskBefore,
  }));
  return addSums({
    ...NO_SUMS,
    lines,
    linesChanged: changed.length,
    findingsAdded: changed.reduce((sum, line) => sum + line.added.length, 0),
    findingsRemoved: changed.reduce((sum, line) => sum + line.removed.length, 0),
    riskBeforeKopecks: changed.reduce((sum, line) => sum + line.riskBefore, 0),
    riskAfterKopecks: changed.reduce((sum, line) => sum + line.riskAfter, 0),
    codes,
    clinics,
    agreementBefore: before,
    agreementAfter: after,
    rules,
  });
}

/** Adds parts up; a part's lists may name a code, clinic or rule more than once. */
export function addSums(...parts: readonly ShadowSums[]): ShadowSums {
  const total = (field: NumberField) => parts.reduce((sum, part) => sum + part[field], 0);
  const agreement = (field: 'agreementBefore' | 'agreementAfter') =>
    parts.map((part) => part[field]).reduce<Agreement>((sum, each) => addFields(sum, each), emptyAgreement());
  return {
    lines: total('lines'),
    linesChanged: total('linesChanged'),
    findingsAdded: total('findingsAdded'),
    findingsRemoved: total('findingsRemoved'),
    riskBeforeKopecks: total('riskBeforeKopecks'),
    riskAfterKopecks: total('riskAfterKopecks'),
    codes: grouped(
      parts.flatMap(({ codes }) => codes),
      'code',
    ).sort((a, b) => (a.code < b.code ? -1 : 1)),
    clinics: grouped(
      parts.flatMap(({ clinics }) => clinics),
      'clinic',
    ).sort(
      (a, b) =>
        Math.abs(b.riskKopecks) - Math.abs(a.riskKopecks) || b.lines - a.lines || (a.clinic < b.clinic ? -1 : 1),
    ),
    agreementBefore: agreement('agreementBefore'),
    agreementAfter: agreement('agreementAfter'),
    rules: grouped(
      parts.flatMap(({ rules }) => rules),
      'rule',
    ).sort((a, b) => b.ms - a.ms),
  };
}

type NumberField = {
  [K in keyof ShadowSums]: ShadowSums[K] extends number ? K : never;
}[keyof ShadowSums];

const NO_CODE: CodeChange = {
  code: '',
  added: 0,
  removed: 0,
  addedKopecks: 0,
  removedKopecks: 0,
  addedOnCut: 0,
  addedOnAccepted: 0,
  removedOnCut: 0,
  removedOnAccepted: 0,
};

function grouped<T extends object>(rows: readonly T[], key: keyof T): T[] {
  const groups = new Map<unknown, T>();
  for (const row of rows) {
    const known = groups.get(row[key]);
    groups.set(row[key], known === undefined ? row : addFields(known, row));
  }
  return [...groups.values()];
}

/** Adds every number; texts are those of the first. */
function addFields<T extends object>(a: T, b: T): T {
  const other = b as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(a).map(([field, value]) => [
      field,
      typeof value === 'number' ? value + (other[field] as number) : (value as unknown),
    ]),
  ) as T;
}
