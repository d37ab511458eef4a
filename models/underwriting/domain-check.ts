import type { LocalizedText } from '../errors';
import type { Factor } from './catalogue';
import type { FactorProfile } from './profile';
import type { Table } from './table';
import { levelsOf, numbersOf, textAt } from './table';

/** A value that training did not see, or that the catalogue does not allow. */
export interface DomainWarning {
  readonly row: number;
  readonly factor: string;
  readonly value: string;
  readonly kind: 'outside-declared' | 'outside-training' | 'unknown-level';
  readonly text: LocalizedText;
}

/** Compares each row's values with the declared ranges and with what training saw (1 % of the range is let pass). */
export function checkDomain(
  factors: readonly Factor[],
  profiles: readonly FactorProfile[],
  table: Table,
): DomainWarning[] {
  const warnings: DomainWarning[] = [];
  scanDomain(factors, profiles, table, (kind, factor, row, range) =>
    warnings.push(warn(kind, factor, row, textAt(table, factor.code, row), range)),
  );
  return warnings;
}

type Range = readonly (number | null)[];

/** The same without an object per value: whole books have millions. */
export function scanDomain(
  factors: readonly Factor[],
  profiles: readonly FactorProfile[],
  table: Table,
  found: (kind: DomainWarning['kind'], factor: Factor, row: number, range: Range | null) => void,
): void {
  const byCode = new Map(profiles.map((profile) => [profile.code, profile]));
  for (const factor of factors) {
    const profile = byCode.get(factor.code);
    if (profile === undefined || !table.columns.includes(factor.code)) continue;
    if (factor.kind === 'category') {
      const { codes, levels } = levelsOf(table, factor.code);
      const known = new Set(profile.levels);
      const strange = levels.map((level) => !known.has(level));
      codes.forEach((code, row) => {
        if (code >= 0 && strange[code]!) found('unknown-level', factor, row, null);
      });
      continue;
    }
    const slack = 0.01 * ((profile.high ?? 0) - (profile.low ?? 0));
    numbersOf(table, factor.code).forEach((value, row) => {
      if (Number.isNaN(value)) return;
      if ((factor.min !== null && value < factor.min) || (factor.max !== null && value > factor.max))
        found('outside-declared', factor, row, [factor.min, factor.max]);
      else if (
        profile.low !== null &&
        profile.high !== null &&
        (value < profile.low - slack || value > profile.high + slack)
      )
        found('outside-training', factor, row, [profile.low, profile.high]);
    });
  }
}

function warn(
  kind: DomainWarning['kind'],
  { code, nameRu }: Factor,
  row: number,
  value: string,
  range: Range | null,
): DomainWarning {
  const bounds = range === null ? '' : `${range[0] ?? '−∞'}…${range[1] ?? '∞'}`;
  const texts: Readonly<Record<DomainWarning['kind'], LocalizedText>> = {
    'outside-declared': {
      ru: `${nameRu}: ${value} вне допустимого ${bounds}`,
      en: `${code}: ${value} is outside the declared range ${bounds}`,
    },
    'outside-training': {
      ru: `${nameRu}: ${value} вне диапазона обучения ${bounds}, расчёт менее надёжен`,
      en: `${code}: ${value} is outside the training range ${bounds}, the forecast is less sure`,
    },
    'unknown-level': {
      ru: `${nameRu}: значение «${value}» при обучении не встречалось`,
      en: `${code}: training has not seen “${value}”`,
    },
  };
  return { row, factor: code, value, kind, text: texts[kind] };
}
