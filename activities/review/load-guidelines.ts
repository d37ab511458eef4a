import { AppError } from '../../models/errors';
import { parsePackFile } from '../../models/packs/pack-file.schema';
import { readJsonFile } from '../../models/tabular/json-source';
import type { Queryable } from '../../prisma/pool';
import type { RowCounts } from '../../prisma/repositories/import-files';
import { publishPack } from '../../prisma/repositories/rule-sets';
import type { WorldPart } from '../intake/world-part';

/** `guidelines.json` of a world: one pack, or an array of packs, published as the rules in force. */
export const GUIDELINES_PART: WorldPart = { name: 'guidelines', required: false, load: loadGuidelines };

async function loadGuidelines(
  tx: Queryable,
  file: { readonly path: string },
  onProgress: (counts: RowCounts) => void,
): Promise<RowCounts> {
  const content = await readJsonFile(file.path);
  const packs = Array.isArray(content) ? content : [content];
  for (const input of packs) {
    const parsed = parsePackFile(input);
    if ('problem' in parsed) throw unreadable(parsed.problem);
    await publishPack(tx, { name: parsed.pack.pack, version: parsed.pack.version, data: parsed.pack });
  }
  const counts = { rowsRead: packs.length, rowsAccepted: packs.length, rowsRejected: 0 };
  onProgress(counts);
  return counts;
}

function unreadable(reason: string): AppError {
  return new AppError(
    'guidelines-unreadable',
    { ru: `guidelines.json не читается: ${reason}`, en: `guidelines.json cannot be read: ${reason}` },
    { httpStatus: 422 },
  );
}
