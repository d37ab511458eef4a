import { championForecasts } from './champions';
import { peopleShares } from './clinic-choice';
import type { Comparable } from './comparables';
import { findComparables, setVectors } from './comparables';
import type { DomainWarning } from './domain-check';
import { checkDomain } from './domain-check';
import type { RowExplanation } from './explain';
import { explainRows, sumExplanations } from './explain';
import type { UnderwritingModel } from './model';
import { NOISE_CODES } from './noise-factor';
import { refreshProgramme } from './programme';
import { scoreTable } from './score';
import type { Column, Table } from './table';
import { pickRows, tableFromRecords, textAt } from './table';

/** A contract as asked: its factors, and those of each clinic of its programme. */
export interface QuoteRequest {
  /** Values by factor code, and by key column (contract, period, exposure) as the model names them. */
  readonly contract: Readonly<Record<string, unknown>>;
  readonly clinics: readonly Readonly<Record<string, unknown>>[];
}

export interface Contribution {
  readonly code: string;
  readonly rub: number;
  /** Standard deviation over the members of the ensemble. */
  readonly spread: number;
  /** No more than pure noise: shown as “other”. */
  readonly belowNoise: boolean;
}

export interface ClinicQuote {
  readonly clinic: string;
  readonly prediction: number;
  readonly lower: number;
  readonly upper: number;
  readonly largeLoss: number;
  readonly peopleShare: number;
  readonly costShare: number;
  readonly tariff: number;
  readonly glm: number;
  readonly credibility: number;
  readonly contributions: readonly Contribution[];
}

export interface Quote {
  readonly modelVersion: string;
  readonly prediction: number;
  readonly lower: number;
  readonly upper: number;
  readonly largeLoss: number;
  readonly renewal: boolean;
  /** Weight of own experience, mean over the clinics by forecast. */
  readonly credibility: number;
  readonly tariff: number;
  readonly experienceRated: number;
  readonly glm: number;
  /** start + sum of contributions = prediction. */
  readonly start: number;
  readonly contributions: readonly Contribution[];
  readonly clinics: readonly ClinicQuote[];
  readonly comparables: readonly Comparable[];
  readonly warnings: readonly DomainWarning[];
}

/** Rows of a request: each clinic's values, and the contract's where the clinics say nothing else. */
export function quoteTable({ contract, clinics }: QuoteRequest): Table {
  const own = new Set(clinics.flatMap((clinic) => Object.keys(clinic)));
  const both = Object.fromEntries(Object.entries(contract).filter(([code]) => own.has(code)));
  const rows = tableFromRecords(clinics.map((clinic) => ({ ...both, ...clinic })));
  const data = new Map<string, Column>();
  for (const [code, column] of tableFromRecords([contract]).data)
    if (!own.has(code)) data.set(code, repeated(column, clinics.length));
  for (const [code, column] of rows.data) data.set(code, column);
  return { rows: clinics.length, columns: [...data.keys()], data };
}

/** One value as a column of equal rows. */
function repeated(column: Column, rows: number): Column {
  return column.kind === 'number'
    ? { kind: 'number', values: new Float64Array(rows).fill(column.values[0]!) }
    : { kind: 'text', levels: column.levels, codes: new Int32Array(rows).fill(column.codes[0]!) };
}

/** Prices a request: total and per clinic, interval, contributions, champions, comparables, warnings. Pure and quick. */
export function quote(model: UnderwritingModel, request: QuoteRequest): Quote {
  return quoteRows(model, quoteTable(request));
}

/** The same for rows of one contract in one period that are a table already. */
export function quoteRows(model: UnderwritingModel, table: Table): Quote {
  const scored = scoreTable(null, model, table);
  const explained = explainRows(model, scored.rows, scored.inputs, scored.experience);
  const champions = championForecasts(model.champions, scored.rows, model.history);
  const people =
    model.choice === null
      ? scored.prediction.map((value) => value / total(scored.prediction))
      : peopleShares(model.choice, scored.rows, model.encoding);
  const noisy = new Set(model.importance.filter(({ belowNoise }) => belowNoise).map(({ code }) => code));
  const sum = sumExplanations(explained);
  const prediction = total(scored.prediction);
  const { codes, vectors } = setVectors(scored.rows, model.encoding);
  const weights = new Map(model.importance.map(({ code, share }) => [code, share]));
  const name = scored.rows.groupNames[0] ?? '';
  return {
    modelVersion: model.version,
    prediction,
    lower: total(scored.lower),
    upper: total(scored.upper),
    largeLoss: total(scored.largeLoss),
    renewal: scored.experience.renewal[0] === 1,
    credibility:
      scored.experience.weight.reduce((a, value, row) => a + value * scored.prediction[row]!, 0) /
      Math.max(prediction, 1e-9),
    tariff: total(champions.tariff),
    experienceRated: total(champions.experience),
    glm: total(champions.glm),
    start: sum.start,
    contributions: contributionsOf(sum, noisy),
    clinics: explained.map((own, row) => ({
      clinic: model.columns.entity === undefined ? String(row + 1) : textAt(table, model.columns.entity, row),
      prediction: scored.prediction[row]!,
      lower: scored.rowLower[row]!,
      upper: scored.rowUpper[row]!,
      largeLoss: scored.largeLoss[row]!,
      peopleShare: people[row]!,
      costShare: scored.prediction[row]! / Math.max(prediction, 1e-9),
      tariff: champions.tariff[row]!,
      glm: champions.glm[row]!,
      credibility: scored.experience.weight[row]!,
      contributions: contributionsOf(own, noisy),
    })),
    comparables: findComparables(
      model.past,
      codes.map((_, j) => vectors[j]!),
      (code) => weights.get(code) ?? 0,
      5,
      name,
    ),
    warnings: checkDomain(model.factors, model.profiles, table),
  };
}

/** What-if: the quote of the programme without some clinics and with others, shares and ranks computed anew. */
export function quoteWithClinics(
  model: UnderwritingModel,
  request: QuoteRequest,
  change: { readonly remove?: readonly string[]; readonly add?: readonly Readonly<Record<string, unknown>>[] },
): Quote {
  const entity = model.columns.entity ?? '';
  const gone = new Set(change.remove ?? []);
  const kept = request.clinics.filter((clinic) => !gone.has(String(clinic[entity])));
  const table = quoteTable({ contract: request.contract, clinics: [...kept, ...(change.add ?? [])] });
  return quoteRows(
    model,
    refreshProgramme(
      pickRows(
        table,
        Array.from({ length: table.rows }, (_, row) => row),
      ),
    ),
  );
}

function contributionsOf({ contributions, spread }: RowExplanation, noisy: ReadonlySet<string>): Contribution[] {
  return [...contributions]
    .map(([code, rub]) => ({
      code,
      rub,
      spread: spread.get(code) ?? 0,
      belowNoise: noisy.has(code) || NOISE_CODES.includes(code),
    }))
    .sort((a, b) => Math.abs(b.rub) - Math.abs(a.rub));
}

function total(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
