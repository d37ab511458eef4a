import { applyExperience } from './apply-experience';
import type { AppliedExperience } from './apply-experience';
import type { TensorFlow } from './backend';
import { AppError } from '../errors';
import type { EncodedRows } from './encoding';
import { encodeFor, expectedTotals } from './expectation';
import { setTotals } from './groups';
import { intervalOf } from './intervals';
import { largeLossOf } from './large-loss';
import type { UnderwritingModel } from './model';
import { withPriceLevel } from './price-level';
import type { ModelRows } from './rows';
import { readRows } from './rows';
import { keyColumns } from './spec';
import type { Table } from './table';
import { textAt } from './table';

/** Forecasts of rows, and of the sets (a contract's period) that they belong to. */
export interface Scored {
  readonly rows: ModelRows;
  readonly inputs: EncodedRows;
  /** Expectation from the factors alone. */
  readonly expected: Float64Array;
  readonly experience: AppliedExperience;
  readonly prediction: Float64Array;
  /** The row's share of its set's interval: bounds add up to the contract's bounds. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** Interval of the single row, if it were all there is. */
  readonly rowLower: Float64Array;
  readonly rowUpper: Float64Array;
  readonly largeLoss: Float64Array;
  readonly setPrediction: Float64Array;
  readonly setLower: Float64Array;
  readonly setUpper: Float64Array;
}

/**
 * Scores a table: expectation by the ensemble, experience of earlier periods, cohort level, conformal interval of the
 * set's total. Columns that are absent count as missing values; with `tf` null the plain loop is used.
 *
 * @throws AppError UNDERWRITING_COLUMNS when none of the model's factors is in the table
 */
export function scoreTable(tf: TensorFlow | null, model: UnderwritingModel, table: Table): Scored {
  const codes = model.factors.map(({ code }) => code);
  if (!codes.some((code) => table.columns.includes(code))) throw noFactors(codes);
  const priced = withPriceLevel(table, model.columns, model.indexByPeriod ?? [], model.lastIndex);
  return scoreRows(tf, model, readRows(priced, model.columns, codes, model.lastIndex));
}

function scoreRows(tf: TensorFlow | null, model: UnderwritingModel, rows: ModelRows): Scored {
  const inputs = encodeFor(model, rows);
  const expected = expectedTotals(tf, model, rows, inputs);
  const experience = applyExperience(model, rows, expected);
  const prediction = expected.map(
    (value, row) =>
      value *
      Math.exp(experience.effect[row]!) *
      (experience.renewal[row] === 1 ? model.levels.renewal : model.levels.newBusiness),
  );
  const setPrediction = setTotals(rows, prediction);
  const setLower = new Float64Array(setPrediction.length);
  const setUpper = new Float64Array(setPrediction.length);
  const { sets } = rows.keyed;
  setPrediction.forEach((value, set) => {
    const renewal = experience.renewal[sets.rows[sets.start[set]!]!] === 1;
    [setLower[set], setUpper[set]] = intervalOf(model.intervals, renewal ? 'renewal' : 'newBusiness', value);
  });
  const shareOf = (bounds: Float64Array): Float64Array =>
    prediction.map((value, row) => {
      const set = sets.of[row]!;
      return setPrediction[set]! > 0 ? (value / setPrediction[set]!) * bounds[set]! : 0;
    });
  const rowLower = new Float64Array(prediction.length);
  const rowUpper = new Float64Array(prediction.length);
  prediction.forEach((value, row) => {
    [rowLower[row], rowUpper[row]] = intervalOf(model.intervals, 'rows', value);
  });
  return {
    rows,
    inputs,
    expected,
    experience,
    prediction,
    lower: shareOf(setLower),
    upper: shareOf(setUpper),
    rowLower,
    rowUpper,
    largeLoss: prediction.map((value) => largeLossOf(model.largeLoss, value)),
    setPrediction,
    setLower,
    setUpper,
  };
}

/**
 * Scores rows to be measured: those of training groups, in periods that were trained on, by the members that never saw
 * them, whatever else the table holds.
 */
export function scoreForMeasure(tf: TensorFlow | null, model: UnderwritingModel, table: Table): Scored {
  const scored = scoreTable(tf, model, table);
  const seen = seenInTraining(model, scored.rows);
  if (model.outOfFold !== false || !seen.includes(1)) return scored;
  const groupNames = scored.rows.groupNames.map((name, row) => (seen[row] === 1 ? name : `unseen ${name}`));
  return scoreRows(tf, { ...model, outOfFold: true }, { ...scored.rows, groupNames });
}

/** 1 for rows of training groups in periods that were trained on: the training may have had them. */
export function seenInTraining({ trainGroups, columns, trainedOn }: UnderwritingModel, rows: ModelRows): Uint8Array {
  const dated = columns.time !== undefined && rows.table.columns.includes(columns.time);
  return Uint8Array.from(rows.groupNames, (name, row) =>
    trainGroups.has(name) && !(dated && rows.keyed.time[row]! > trainedOn.to) ? 1 : 0,
  );
}

/**
 * predictions.csv: the row's keys, prediction, lower, upper (adding up to the contract's bounds) and row bounds. Where no
 * group tells rows apart, `row` comes first: 1 for the first row under the header.
 */
export function* predictionLines(model: UnderwritingModel, table: Table, scored: Scored): Generator<string> {
  const keys = keyColumns(table, model.factors, model.columns);
  const numbered = model.columns.group === undefined || !table.columns.includes(model.columns.group);
  const shown = [...(numbered ? ['row'] : []), ...keys];
  yield `${[...shown, 'prediction', 'lower', 'upper', 'row_lower', 'row_upper'].map(quote).join(',')}\n`;
  for (let row = 0; row < table.rows; row++) {
    const named = [...(numbered ? [String(row + 1)] : []), ...keys.map((key) => quote(textAt(table, key, row)))];
    const numbers = [scored.prediction, scored.lower, scored.upper, scored.rowLower, scored.rowUpper];
    yield `${[...named, ...numbers.map((values) => rounded(values[row]!))].join(',')}\n`;
  }
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(9)));
}

function quote(text: string): string {
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function noFactors(codes: readonly string[]): AppError {
  return new AppError(
    'UNDERWRITING_COLUMNS',
    {
      ru: `В данных нет ни одного фактора модели (${codes.slice(0, 5).join(', ')}…): проверьте заголовок`,
      en: `The data has none of the model's factors (${codes.slice(0, 5).join(', ')}…): check the header`,
    },
    { details: { field: codes[0], rule: 'at least one factor column', fix: 'check the header' } },
  );
}
