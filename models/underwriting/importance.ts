import { applyExperience } from './apply-experience';
import type { EncodedRows } from './encoding';
import { PORTFOLIO_ITEM, explainRows } from './explain';
import type { FactorImportance, UnderwritingModel } from './model';
import { createRandom, shuffle } from './random';
import type { ModelRows } from './rows';
import { readRows } from './rows';
import { pickRows } from './table';
import { expectedTotals } from './expectation';

const SAMPLE_ROWS = 1200;

type Measured = Omit<UnderwritingModel, 'version' | 'importance'>;

/** Mean absolute contribution of each factor over a seeded sample, beside the share that pure noise reaches. */
export function measureImportance(
  model: Measured,
  rows: ModelRows,
  inputs: EncodedRows,
  seed: number,
  noiseShare: number,
): FactorImportance[] {
  return contributionShares(model, rows, inputs, seed)
    .map(({ code, share }) => ({ code, share, belowNoise: share <= noiseShare }))
    .sort((a, b) => b.share - a.share);
}

/** Share of each item in the absolute contributions over a seeded sample of whole sets; the portfolio's item is none. */
export function contributionShares(
  model: Measured,
  rows: ModelRows,
  inputs: EncodedRows,
  seed: number,
): { readonly code: string; readonly share: number }[] {
  const { sets } = rows.keyed;
  const order = shuffle(
    Int32Array.from({ length: sets.count }, (_, i) => i),
    createRandom(seed ^ 0x1234567),
  );
  const chosen: number[] = [];
  for (const set of order) {
    if (chosen.length >= SAMPLE_ROWS) break;
    chosen.push(...sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!));
  }
  const sample = readRows(
    pickRows(rows.table, chosen),
    model.columns,
    model.factors.map(({ code }) => code),
    model.lastIndex,
  );
  const values = new Float32Array(chosen.length * inputs.width);
  chosen.forEach((row, i) =>
    values.set(inputs.values.subarray(row * inputs.width, (row + 1) * inputs.width), i * inputs.width),
  );
  const encoded = { rows: chosen.length, width: inputs.width, values };
  const named = { ...sample, groupNames: chosen.map((row) => rows.groupNames[row]!) };
  const expected = expectedTotals(null, model, named, encoded);
  const explained = explainRows(model, named, encoded, applyExperience(model, named, expected));
  const sums = new Map<string, number>();
  for (const { contributions } of explained)
    for (const [code, value] of contributions) sums.set(code, (sums.get(code) ?? 0) + Math.abs(value));
  const shown = [...sums].filter(([code]) => code !== PORTFOLIO_ITEM);
  const total = shown.reduce((sum, [, value]) => sum + value, 0) || 1;
  return shown.map(([code, value]) => ({ code, share: value / total }));
}
