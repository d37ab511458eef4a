import type { LocalizedText } from '../errors';
import type { Factor } from '../underwriting/catalogue';

export interface CheckedRow {
  readonly year: number;
  readonly payoutKopecks: number;
  readonly factors: Readonly<Record<string, number | string>>;
}

export interface DataCheck {
  readonly code:
    | 'too-few-rows'
    | 'too-few-years'
    | 'negative-payout'
    | 'out-of-range'
    | 'missing-jump'
    | 'scale-jump'
    | 'payout-jump';
  /** `stop`: nothing can be learnt from this; `warn`: shown to the people who release. */
  readonly severity: 'stop' | 'warn';
  readonly subject: string;
  readonly value: number;
  readonly limit: number;
  readonly text: LocalizedText;
}

interface FactorSums {
  count: number;
  sum: number;
  outside: number;
}

const MIN_ROWS = 200;
const OUTSIDE_SHARE = 0.001;
const MISSING_JUMP = 0.3;
const SCALE_JUMP = 5;
const PAYOUT_JUMP = 2;

/** Looks at the rows of a training while they stream by, and says at the end what is odd about them. */
export function createPortfolioChecks(factors: readonly Factor[]) {
  const years = new Map<number, { rows: number; payout: number; negative: number; factors: Map<string, FactorSums> }>();
  const add = (row: CheckedRow): void => {
    let own = years.get(row.year);
    if (own === undefined) years.set(row.year, (own = { rows: 0, payout: 0, negative: 0, factors: new Map() }));
    own.rows++;
    own.payout += row.payoutKopecks;
    if (row.payoutKopecks < 0) own.negative++;
    for (const { code, min, max } of factors) {
      const value = row.factors[code];
      if (value === undefined) continue;
      let sums = own.factors.get(code);
      if (sums === undefined) own.factors.set(code, (sums = { count: 0, sum: 0, outside: 0 }));
      sums.count++;
      if (typeof value !== 'number') continue;
      sums.sum += value;
      if ((min !== null && value < min) || (max !== null && value > max)) sums.outside++;
    }
  };
  const end = (): { rows: number; years: number[]; checks: DataCheck[] } => {
    const order = [...years.keys()].sort((a, b) => a - b);
    const rows = order.reduce((sum, year) => sum + years.get(year)!.rows, 0);
    const checks: DataCheck[] = [];
    if (rows < MIN_ROWS)
      checks.push(finding('too-few-rows', 'stop', '', rows, MIN_ROWS, 'Слишком мало строк', 'Too few rows'));
    if (order.length < 2)
      checks.push(
        finding(
          'too-few-years',
          'stop',
          '',
          order.length,
          2,
          'Нужно два года и больше',
          'Two years or more are needed',
        ),
      );
    for (const year of order) {
      const { negative, rows: count } = years.get(year)!;
      if (negative > 0)
        checks.push(
          finding(
            'negative-payout',
            'warn',
            String(year),
            negative / count,
            0,
            'Отрицательные выплаты',
            'Negative payouts',
          ),
        );
    }
    for (const { code, kind } of factors) checks.push(...factorChecks(code, kind, order));
    checks.push(...payoutChecks(order));
    return { rows, years: order, checks };
  };

  const factorChecks = (code: string, kind: Factor['kind'], order: readonly number[]): DataCheck[] => {
    const found: DataCheck[] = [];
    const at = (year: number) => {
      const { rows, factors: own } = years.get(year)!;
      const sums = own.get(code) ?? { count: 0, sum: 0, outside: 0 };
      return {
        missing: 1 - sums.count / rows,
        mean: sums.count > 0 ? sums.sum / sums.count : 0,
        outside: sums.outside / rows,
      };
    };
    order.forEach((year, i) => {
      const now = at(year);
      const where = `${code} ${year}`;
      if (now.outside > OUTSIDE_SHARE)
        found.push(
          finding(
            'out-of-range',
            'warn',
            where,
            now.outside,
            OUTSIDE_SHARE,
            'Доля значений вне объявленного диапазона',
            'Share of values outside the declared range',
          ),
        );
      if (i === 0) return;
      const before = at(order[i - 1]!);
      const jump = Math.abs(now.missing - before.missing);
      if (jump > MISSING_JUMP)
        found.push(
          finding(
            'missing-jump',
            'warn',
            where,
            jump,
            MISSING_JUMP,
            'Доля пропусков изменилась',
            'The share of gaps has changed',
          ),
        );
      const [a, b] = [Math.abs(before.mean), Math.abs(now.mean)];
      if (kind === 'category' || kind === 'boolean' || Math.min(a, b) < 1e-9) return;
      const ratio = Math.max(a, b) / Math.min(a, b);
      if (ratio > SCALE_JUMP)
        found.push(
          finding(
            'scale-jump',
            'warn',
            where,
            ratio,
            SCALE_JUMP,
            'Среднее изменилось в разы',
            'The mean has changed several times over',
          ),
        );
    });
    return found;
  };

  const payoutChecks = (order: readonly number[]): DataCheck[] =>
    order.slice(1).flatMap((year, i) => {
      const rate = (one: number): number => years.get(one)!.payout / years.get(one)!.rows;
      const [a, b] = [rate(order[i]!), rate(year)];
      const ratio = Math.max(a, b) / Math.max(Math.min(a, b), 1);
      return ratio > PAYOUT_JUMP
        ? [
            finding(
              'payout-jump',
              'warn',
              String(year),
              ratio,
              PAYOUT_JUMP,
              'Средняя выплата изменилась в разы',
              'The mean payout has changed several times over',
            ),
          ]
        : [];
    });
  return { add, end };
}

function finding(
  code: DataCheck['code'],
  severity: DataCheck['severity'],
  subject: string,
  value: number,
  limit: number,
  ru: string,
  en: string,
): DataCheck {
  const shown = Number(value.toPrecision(3));
  const where = subject === '' ? '' : ` (${subject})`;
  return {
    code,
    severity,
    subject,
    value: shown,
    limit,
    text: { ru: `${ru}${where}: ${shown}`, en: `${en}${where}: ${shown}` },
  };
}
