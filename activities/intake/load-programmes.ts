import { AppError } from '../../models/errors';
import { programmeSchema } from '../../models/exchange/programmes.schema';
import { problem } from '../../models/exchange/row-problems';
import type { RowProblem } from '../../models/exchange/row-problems';
import { readJsonFile } from '../../models/tabular/json-source';
import type { Queryable } from '../../prisma/pool';
import { addRejections } from '../../prisma/repositories/import-files';
import type { RejectedRow, RowCounts } from '../../prisma/repositories/import-files';
import { contractNumbers, upsertProgramme } from '../../prisma/repositories/reference';

/** Loads `programmes.json`. A programme that does not fit is rejected by its place in the array, the rest goes on. */
export async function loadProgrammes(
  tx: Queryable,
  file: { readonly fileId: string; readonly path: string },
): Promise<RowCounts> {
  const content = await readJsonFile(file.path);
  if (!Array.isArray(content)) throw notAnArray();
  const contracts = await contractNumbers(tx);
  const rejected: RejectedRow[] = [];
  for (const [index, entry] of content.entries()) {
    const parsed = programmeSchema.safeParse(entry);
    const problems: RowProblem[] = parsed.success
      ? contracts.has(parsed.data.contract_no)
        ? []
        : [problem('unknown-contract', 'contract_no', parsed.data.contract_no)]
      : parsed.error.issues.map((issue) => problem('json-shape', issue.path.join('.'), issue.message));
    if (parsed.success && problems.length === 0) await upsertProgramme(tx, parsed.data);
    else rejected.push({ rowNo: index + 1, problems, cells: [['json', JSON.stringify(entry).slice(0, 1000)]] });
  }
  await addRejections(tx, file.fileId, rejected);
  return {
    rowsRead: content.length,
    rowsAccepted: content.length - rejected.length,
    rowsRejected: rejected.length,
  };
}

function notAnArray(): AppError {
  return new AppError(
    'file-unreadable',
    { ru: 'В programmes.json должен быть массив программ', en: 'programmes.json has to be an array of programmes' },
    { httpStatus: 422 },
  );
}
