import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Factor } from '../models/underwriting/catalogue';
import { parseCatalogue } from '../models/underwriting/catalogue';
import { packageRoot } from './files';

const read = (name: string): Factor[] =>
  parseCatalogue(readFileSync(join(packageRoot(), 'data', 'underwriting', name)));

/** The catalogue that ships: what the model that ships has learnt from. */
export function shippedFactors(): Factor[] {
  return read('factors.csv');
}

/** The insurer's own ratings of clinics, internal and people's: learnt from once the installation has them. */
export function ratingFactors(): Factor[] {
  return read('rating-factors.csv');
}
