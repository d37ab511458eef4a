import { join } from 'node:path';
import { codeList } from '../../models/library/dictionary';
import type { CodeDictionary } from '../../models/library/dictionary';
import { loadShippedLibrary } from '../../models/library/shipped';
import { packageRoot } from '../files';
import type { Queryable } from '../pool';
import { knownDiagnoses, namedServices } from '../repositories/dictionaries';

let shipped: CodeDictionary | null = null;

/**
 * The codes that a pack may name: those of the insurer's own tables, and the shipped nomenclature and МКБ-10, so that a
 * pack can be prepared before the first price list uses its services. The insurer's own names win.
 */
export async function readCodeDictionary(db: Queryable): Promise<CodeDictionary> {
  shipped ??= loadShippedLibrary(join(packageRoot(), 'data')).dictionary;
  const services = await namedServices(db);
  const diagnoses = await knownDiagnoses(db);
  return {
    services: codeList([...rowsOf(shipped.services), ...services]),
    diagnoses: codeList([...rowsOf(shipped.diagnoses), ...diagnoses]),
  };
}

function rowsOf({ names }: CodeDictionary['services']): { code: string; name: string }[] {
  return [...names].map(([code, name]) => ({ code, name }));
}
