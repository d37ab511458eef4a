import type { CsvCell } from '../exchange/csv-writer';
import { championForecasts } from '../underwriting/champions';
import { peopleShares } from '../underwriting/clinic-choice';
import type { TensorFlow } from '../underwriting/backend';
import type { UnderwritingModel } from '../underwriting/model';
import { scoreTable } from '../underwriting/score';
import type { Column, Table } from '../underwriting/table';
import type { BatchRow, RowFault } from './batch-rows';
import { roundToSum, toKopecks } from './kopecks';
import type { PricingParameters } from './parameters.schema';
import { buildPrice } from './price';

export const BATCH_COLUMNS: readonly string[] = [
  'row_no', 'contract_no', 'clinic_code', 'year', 'status', 'forecast_rub', 'lower_rub', 'upper_rub', 'large_loss_rub', 'tariff_rub',
  'experience_rated_rub', 'glm_rub', 'credibility_weight', 'people_share', 'price_rub', 'model_version', 'field', 'value', 'rule', 'reason_ru', 'reason_en',
]; // prettier-ignore

/** Positions of codes in BATCH_COLUMNS: they keep their exact form. */
export const BATCH_CODES: ReadonlySet<number> = new Set([1, 2]);

/** Prices whole programmes at once and gives one answer line per row, in the order of the file. */
export function scoreBatch(
  tf: TensorFlow | null,
  model: UnderwritingModel,
  parameters: PricingParameters,
  rows: readonly BatchRow[],
): CsvCell[][] {
  if (rows.length === 0) return [];
  const scored = scoreTable(tf, model, batchTable(model, rows));
  const rivals = championForecasts(model.champions, scored.rows, model.history);
  const shares = model.choice === null ? null : peopleShares(model.choice, scored.rows, model.encoding);
  const prices = pricesOf(scored, parameters, rows);
  const money = (roubles: number): number => toKopecks(roubles) / 100;
  return rows.map((row, i) => [
    row.rowNo,
    row.contractNo,
    row.clinicCode,
    row.year,
    'ok',
    money(scored.prediction[i]!),
    money(scored.lower[i]!),
    money(scored.upper[i]!),
    money(scored.largeLoss[i]!),
    money(rivals.tariff[i]!),
    money(rivals.experience[i]!),
    money(rivals.glm[i]!),
    Math.round(scored.experience.weight[i]! * 1e6) / 1e6,
    shares === null ? null : Math.round(shares[i]! * 1e6) / 1e6,
    prices[i]! / 100,
    model.version,
    null,
    null,
    null,
    null,
    null,
  ]);
}

export function faultLine({ rowNo, field, value, rule, reason }: RowFault): CsvCell[] {
  const empty = Array.from({ length: 11 }, () => null);
  return [rowNo, null, null, null, 'rejected', ...empty, field, value, rule, reason.ru, reason.en];
}

/** Price of each programme without discount, shared by forecast. */
function pricesOf(
  scored: ReturnType<typeof scoreTable>,
  parameters: PricingParameters,
  rows: readonly BatchRow[],
): number[] {
  const prices = rows.map(() => 0);
  const { sets } = scored.rows.keyed;
  for (let set = 0; set < sets.count; set++) {
    const own = [...sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!)];
    const forecasts = own.map((row) => toKopecks(scored.prediction[row]!));
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    const forecastKopecks = sum(forecasts);
    const { priceKopecks } = buildPrice(
      {
        forecastKopecks,
        largeLossKopecks: sum(own.map((row, k) => Math.min(forecasts[k]!, toKopecks(scored.largeLoss[row]!)))),
        upperKopecks: sum(own.map((row) => toKopecks(scored.upper[row]!))),
        personYears: rows[own[0]!]!.personYears,
        discountPercent: 0,
      },
      parameters,
    );
    const parts = forecasts.map((one) =>
      forecastKopecks > 0 ? (priceKopecks * one) / forecastKopecks : priceKopecks / own.length,
    );
    roundToSum(parts, priceKopecks).forEach((part, k) => (prices[own[k]!] = part));
  }
  return prices;
}

/** Rows as columns, without an object per row: fifty thousand rows of ninety factors would be mostly garbage collection. */
function batchTable({ columns: keys, factors }: UnderwritingModel, rows: readonly BatchRow[]): Table {
  const data = new Map<string, Column>();
  const put = (name: string | undefined, column: Column): void => void (name !== undefined && data.set(name, column));
  put(keys.group, textColumn(rows.map(({ contractNo }) => contractNo)));
  put(keys.entity, textColumn(rows.map(({ clinicCode }) => clinicCode)));
  put(keys.time, { kind: 'number', values: Float64Array.from(rows, ({ year }) => year) });
  put(keys.exposure, { kind: 'number', values: Float64Array.from(rows, ({ personYears }) => personYears) });
  for (const { code } of factors) {
    const cells = rows.map((row) => row.factors[code] ?? null);
    const column: Column = cells.some((cell) => typeof cell === 'string')
      ? textColumn(cells.map((cell) => (cell === null ? null : String(cell))))
      : { kind: 'number', values: Float64Array.from(cells, (cell) => (cell === null ? Number.NaN : Number(cell))) };
    put(code, column);
  }
  return { rows: rows.length, columns: [...data.keys()], data };
}

function textColumn(cells: readonly (string | null)[]): Column {
  const levels: string[] = [];
  const index = new Map<string, number>();
  const codes = Int32Array.from(cells, (cell) => {
    if (cell === null) return -1;
    let code = index.get(cell);
    if (code === undefined) index.set(cell, (code = levels.push(cell) - 1));
    return code;
  });
  return { kind: 'text', codes, levels };
}
