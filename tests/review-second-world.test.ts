import { FINDING_CODES } from '../models/review/registry';
import { reviewWorld } from './support/review-world';
import { generateWorld } from './support/world-generator/generate';
import { oracleFindings } from './support/world-generator/oracle';

const SEEDS = [11, 12, 13, 14, 15, 16];
const PEOPLE = 60;

describe('worlds of our own generator', () => {
  const hits = new Map<string, number>();
  const misses = new Map<string, number>();

  test.each(SEEDS)('seed %i: the engine finds exactly what a word-by-word reading of the table finds', (seed) => {
    const world = generateWorld(seed, PEOPLE);
    const expected = oracleFindings(world);
    expect(reviewWorld(world).findings).toEqual(expected);
    for (const code of FINDING_CODES) {
      const count = expected.filter((finding) => finding.endsWith(` ${code}`)).length;
      hits.set(code, (hits.get(code) ?? 0) + count);
      misses.set(code, (misses.get(code) ?? 0) + world.invoices.length - count);
    }
  });

  test('every code was hit and missed many times, so that agreement means something', () => {
    const table = FINDING_CODES.map((code) => `${code} ${hits.get(code)}`).join(', ');
    process.stdout.write(`hits in generated worlds: ${table}\n`);
    expect(FINDING_CODES.filter((code) => (hits.get(code) ?? 0) < 20 || (misses.get(code) ?? 0) < 20)).toEqual([]);
  });
});
