import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Factor } from '../../models/underwriting/catalogue';
import { parseCatalogue } from '../../models/underwriting/catalogue';
import { packageRoot } from '../../prisma/files';
import type { Pool } from '../../prisma/pool';

export interface RetrainingDeps {
  readonly pool: Pool;
  /** The worker's own folder: training files under `training`, dropped factor files under `factors`. */
  readonly dataDir: string;
  /** The catalogue that models are trained on; default: the shipped one. */
  readonly factors?: readonly Factor[];
  readonly now?: () => Date;
}

export function catalogueOf({ factors }: RetrainingDeps): readonly Factor[] {
  return factors ?? parseCatalogue(readFileSync(join(packageRoot(), 'data', 'underwriting', 'factors.csv')));
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
