import { join } from 'node:path';
import type { Factor } from '../../models/underwriting/catalogue';
import type { AskedLimits } from '../../models/underwriting/gate-limits';
import { ratingFactors, shippedFactors } from '../../prisma/factor-catalogue';
import type { Pool } from '../../prisma/pool';
import { factorsInPortfolio } from '../../prisma/repositories/portfolio';

export interface RetrainingDeps {
  readonly pool: Pool;
  /** The worker's own folder: training files under `training`, dropped factor files under `factors`. */
  readonly dataDir: string;
  /** The catalogue that models are trained on; default: the shipped one. */
  readonly factors?: readonly Factor[];
  /** Limits of the gate in the place of the product's own. */
  readonly gateLimits?: AskedLimits;
  readonly now?: () => Date;
}

export function catalogueOf({ factors }: RetrainingDeps): readonly Factor[] {
  return factors ?? shippedFactors();
}

/** What a training learns from: the catalogue, and the insurer's ratings of clinics once the portfolio has them. */
export async function trainingCatalogue(deps: RetrainingDeps): Promise<readonly Factor[]> {
  const own = catalogueOf(deps);
  const more = ratingFactors().filter(({ code }) => !own.some((factor) => factor.code === code));
  const known = await factorsInPortfolio(
    deps.pool,
    more.map(({ code }) => code),
  );
  return [...own, ...more.filter(({ code }) => known.includes(code))];
}

export interface TrainingFolder {
  readonly path: string;
  readonly portfolio: string;
  readonly checkpoint: string;
  readonly challenger: string;
  readonly champion: string;
  readonly report: string;
}

/** Where a training's files lie on the worker that serves it. */
export function trainingFolder({ dataDir }: RetrainingDeps, trainingId: string): TrainingFolder {
  const path = join(dataDir, 'training', trainingId);
  return {
    path,
    portfolio: join(path, 'portfolio.csv'),
    checkpoint: join(path, 'checkpoint'),
    challenger: join(path, 'challenger'),
    champion: join(path, 'champion'),
    report: join(path, 'report.json'),
  };
}
