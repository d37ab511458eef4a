import { AppError } from '../../models/errors';
import type { UnderwritingModel } from '../../models/underwriting/model';
import { unpackModel } from '../../models/underwriting/model-files';
import type { Queryable } from '../pool';
import { championVersion, modelFiles } from '../repositories/risk-models';

/** Models of the registry, unpacked once per process; the few that are asked for most recently stay in memory. */
export interface LoadedModels {
  readonly of: (db: Queryable, version: string) => Promise<UnderwritingModel>;
  /** The model that prices now. @throws AppError no-released-model */
  readonly champion: (db: Queryable) => Promise<UnderwritingModel>;
}

const KEPT = 3;

export function createLoadedModels(): LoadedModels {
  const models = new Map<string, Promise<UnderwritingModel>>();
  const of = (db: Queryable, version: string): Promise<UnderwritingModel> => {
    const known = models.get(version);
    models.delete(version);
    const model = known ?? load(db, version);
    models.set(version, model);
    model.catch(() => models.delete(version));
    for (const oldest of models.keys()) {
      if (models.size <= KEPT) break;
      models.delete(oldest);
    }
    return model;
  };
  return {
    of,
    champion: async (db) => {
      const version = await championVersion(db);
      if (version === null) throw noChampion();
      return of(db, version);
    },
  };
}

async function load(db: Queryable, version: string): Promise<UnderwritingModel> {
  const files = await modelFiles(db, version);
  return unpackModel(files.get('model.json')!.toString('utf8'), files.get('model.bin')!);
}

function noChampion(): AppError {
  return new AppError(
    'no-released-model',
    {
      ru: 'Ни одна модель ещё не выпущена: обучите и выпустите первую',
      en: 'No model has been released yet: train and release the first one',
    },
    { httpStatus: 409, details: { fix: 'POST /v1/underwriting/trainings' } },
  );
}
