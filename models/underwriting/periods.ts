/**
 * How periods become numbers: years, quarters (year x 4 + quarter - 1) and months (year x 12 + month - 1) count one by
 * one, so that a step is the same lag everywhere; plain numbers (1, 2, 3…) stay as they are. Absent: years.
 */
export type PeriodStep = 'number' | 'quarter' | 'month';

/** A stretch of time; days as yyyymmdd, so that a year holds its months and a month its days. */
export interface Period {
  readonly from: number;
  readonly to: number;
  /** Month in which it starts: year x 12 + month - 1. */
  readonly month: number;
  readonly grain: 'year' | 'quarter' | 'month';
  /** A date with slashes that could also be month first. */
  readonly unsure: boolean;
}

export const PERIOD_FORMS = '2023, 2023-06, 202306, 2023Q2, 2023-Q2, Q2 2023, 2023-06-30, 30.06.2023, 30/06/2023';

const CLOCK = String.raw`(?:[T\s]+\d{1,2}:\d{2}.*)?`;
const FORMS: readonly { readonly pattern: RegExp; readonly read: (parts: readonly number[]) => Period | null }[] = [
  { pattern: /^(\d{4})$/, read: ([year]) => stretch(year!, 1, 12, 'year') },
  { pattern: /^(\d{4})[-/](\d{1,2})$/, read: ([year, month]) => ofMonth(year!, month!) },
  { pattern: /^((?:19|20|21)\d{2})(\d{2})$/, read: ([year, month]) => ofMonth(year!, month!) },
  { pattern: /^((?:19|20|21)\d{2})(\d{2})(\d{2})$/, read: ([year, month, day]) => ofDay(year!, month!, day!) },
  { pattern: /^(\d{4})[-\s/]*Q([1-4])$/i, read: ([year, quarter]) => ofQuarter(year!, quarter!) },
  { pattern: /^Q([1-4])[-\s/]*(\d{4})$/i, read: ([quarter, year]) => ofQuarter(year!, quarter!) },
  { pattern: /^([1-4])Q[-\s/]*(\d{4})$/i, read: ([quarter, year]) => ofQuarter(year!, quarter!) },
  {
    pattern: new RegExp(String.raw`^(\d{4})([-/.])(\d{1,2})\2(\d{1,2})${CLOCK}$`, 'i'),
    read: ([year, , month, day]) => ofDay(year!, month!, day!),
  },
  {
    pattern: new RegExp(String.raw`^(\d{1,2})\.(\d{1,2})\.(\d{4})${CLOCK}$`, 'i'),
    read: ([day, month, year]) => ofDay(year!, month!, day!),
  },
  {
    pattern: new RegExp(String.raw`^(\d{1,2})/(\d{1,2})/(\d{4})${CLOCK}$`, 'i'),
    read: ([day, month, year]) => ofDay(year!, month!, day!, day! <= 12 && day !== month),
  },
];

/** Reads one of {@link PERIOD_FORMS}; null for any other text. */
export function readPeriod(text: string): Period | null {
  for (const { pattern, read } of FORMS) {
    const found = pattern.exec(text.trim());
    if (found !== null) return read(found.slice(1).map(Number));
  }
  return null;
}

/** The number of a period in steps of a model. */
export function stepNumber({ month }: Period, step?: PeriodStep): number {
  return step === 'month' ? month : Math.floor(month / (step === 'quarter' ? 3 : 12));
}

/** The step number as people write it: 2023, 2023Q2, 2023-06. */
export function periodName(value: number, step?: PeriodStep): string {
  if (step === 'quarter') return `${Math.floor(value / 4)}Q${(value % 4) + 1}`;
  if (step === 'month') return `${Math.floor(value / 12)}-${String((value % 12) + 1).padStart(2, '0')}`;
  return String(value);
}

/** The longest step that still tells all periods of the data apart: dates of every first of January are years. */
export function commonStep(periods: readonly Period[]): PeriodStep | undefined {
  if (periods.every(({ grain }) => grain === 'year')) return undefined;
  const months = [...new Set(periods.map(({ month }) => month))];
  const alike = (length: number): boolean => new Set(months.map((month) => month % length)).size === 1;
  if (months.length > 1 && alike(12)) return undefined;
  return periods.some(({ grain }) => grain === 'month') && !(months.length > 1 && alike(3)) ? 'month' : 'quarter';
}

function ofDay(year: number, month: number, day: number, unsure = false): Period | null {
  const whole = ofMonth(year, month);
  if (whole === null || day < 1 || day > 31) return null;
  const at = year * 10_000 + month * 100 + day;
  return { ...whole, from: at, to: at, unsure };
}

function ofMonth(year: number, month: number): Period | null {
  return month >= 1 && month <= 12 ? stretch(year, month, month, 'month') : null;
}

function ofQuarter(year: number, quarter: number): Period {
  return stretch(year, quarter * 3 - 2, quarter * 3, 'quarter');
}

function stretch(year: number, first: number, last: number, grain: Period['grain']): Period {
  return {
    from: year * 10_000 + first * 100 + 1,
    to: year * 10_000 + last * 100 + 31,
    month: year * 12 + first - 1,
    grain,
    unsure: false,
  };
}
