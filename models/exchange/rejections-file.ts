import { csvLine } from './csv-writer';
import { fixOf } from './row-problems';

/** Columns that the file of rejected rows has after those of the sender. */
export const REJECTION_COLUMNS = [
  'rejected_row',
  'rejected_field',
  'rejected_value',
  'rejected_rule',
  'reason_ru',
  'reason_en',
  'fix_ru',
  'fix_en',
] as const;

/** All that is wrong with one row. */
export interface RejectedRecord {
  readonly rowNo: number;
  readonly cells: readonly (readonly [string, string])[];
  readonly problems: readonly {
    readonly field: string;
    readonly value: string;
    readonly rule: string;
    readonly reasonRu: string;
    readonly reasonEn: string;
  }[];
}

/** Header of a file of rejected rows: BOM for spreadsheets, the sender's headings, then the reasons. */
export function rejectionsHeader(cells: readonly (readonly [string, string])[]): string {
  return `\uFEFF${csvLine([...sendersCells(cells).map(([heading]) => heading), ...REJECTION_COLUMNS])}`;
}

/** One row as it was sent, guarded against formulas, with everything that has to be mended in it. */
export function rejectionLine({ rowNo, cells, problems }: RejectedRecord): string {
  const all = (pick: (one: RejectedRecord['problems'][number]) => string): string =>
    [...new Set(problems.map(pick))].join('; ');
  return csvLine([
    ...sendersCells(cells).map(([, cell]) => cell),
    rowNo,
    all((one) => one.field),
    all((one) => one.value),
    all((one) => one.rule),
    all((one) => one.reasonRu),
    all((one) => one.reasonEn),
    all((one) => fixOf(one.rule).ru),
    all((one) => fixOf(one.rule).en),
  ]);
}

/** A mended file that is rejected again must not collect the reasons of both rounds. */
function sendersCells(cells: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  return cells.filter(([heading]) => !REJECTION_COLUMNS.some((name) => name === heading));
}
