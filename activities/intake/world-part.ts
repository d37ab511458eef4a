import type { Queryable } from '../../prisma/pool';
import type { RowCounts } from '../../prisma/repositories/import-files';

type Load = (
  tx: Queryable,
  file: { readonly fileId: string; readonly path: string },
  onProgress: (counts: RowCounts) => void,
) => Promise<RowCounts>;

/** One file of a world folder. */
export interface WorldPart {
  readonly name: string;
  readonly required: boolean;
  readonly load: Load | 'invoices';
}
