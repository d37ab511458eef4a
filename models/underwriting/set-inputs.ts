import type { EncodedRows } from './encoding';
import type { UnderwritingModel } from './model';
import type { SparseRows } from './sparse-rows';
import { sparseRows } from './sparse-rows';

/** Which factors own each input; a product of two factors belongs to both by halves. */
export interface InputOwners {
  readonly codes: readonly string[];
  readonly first: Int32Array;
  /** Second owner of a pair's product, -1 for the other inputs. */
  readonly second: Int32Array;
}

/** Rows of one set with the owners of their inputs. */
export interface SetInputs extends SparseRows {
  readonly owners: InputOwners;
  /** Factors whose inputs differ by row, and the place of each factor among them (-1: the same in all rows). */
  readonly ownFactors: Int32Array;
  readonly slotOf: Int32Array;
}

export function inputOwners({ encoding, pairs }: Pick<UnderwritingModel, 'encoding' | 'pairs'>): InputOwners {
  const codes = encoding.factors.map(({ code }) => code);
  const index = new Map(codes.map((code, i) => [code, i]));
  const columns = encoding.columns.map(({ factor }) => index.get(factor)!);
  return {
    codes,
    first: Int32Array.from([...columns, ...pairs.map(({ a }) => index.get(a)!)]),
    second: Int32Array.from([...columns.map(() => -1), ...pairs.map(({ b }) => index.get(b)!)]),
  };
}

/** The rows of a set as attribution reads them. */
export function setInputs(inputs: EncodedRows, own: Int32Array, owners: InputOwners): SetInputs {
  const rows = sparseRows(inputs, own);
  const slotOf = new Int32Array(owners.codes.length).fill(-1);
  for (const input of rows.input)
    for (const factor of [owners.first[input]!, owners.second[input]!]) if (factor >= 0) slotOf[factor] = 0;
  const ownFactors = Int32Array.from(slotOf.keys()).filter((factor) => slotOf[factor] === 0);
  ownFactors.forEach((factor, slot) => (slotOf[factor] = slot));
  return { ...rows, owners, ownFactors, slotOf };
}
