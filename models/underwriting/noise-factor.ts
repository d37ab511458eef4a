import type { Factor } from './catalogue';
import { createRandom, hashText, normal } from './random';
import type { ModelRows } from './rows';
import type { Table } from './table';
import { withColumn } from './table';

/** Pure noise that joins each training, by group and by row: a factor of less influence than these has none. */
export const NOISE_CODES: readonly string[] = ['__noise_group', '__noise_row'];

export function noiseFactors(): Factor[] {
  return NOISE_CODES.map((code) => ({
    code,
    group: 'noise',
    kind: 'number',
    unit: '',
    min: null,
    max: null,
    nameRu: 'Случайный шум',
    description: 'Random noise, the measure of no influence',
  }));
}

/** The table with the noise columns, seeded. */
export function withNoise(table: Table, { groupNames }: Pick<ModelRows, 'groupNames'>, seed: number): Table {
  const random = createRandom(seed ^ 0x2545f491);
  const byGroup = Float64Array.from(groupNames, (name) => normal(createRandom(hashText(name, seed))));
  const byRow = Float64Array.from(groupNames, () => normal(random));
  const first = withColumn(table, NOISE_CODES[0]!, { kind: 'number', values: byGroup });
  return withColumn(first, NOISE_CODES[1]!, { kind: 'number', values: byRow });
}
