import { suppress } from './suppression';

/** One person's answers as they enter the employer's report: no diagnosis, no service, no amount. */
export interface EmployerFeedback {
  readonly personId: string;
  /** Groups that the employer asked for, e.g. city or clinic, and period. */
  readonly row: string;
  readonly column: string;
  readonly rating: number | null;
  readonly complained: boolean;
}

export interface EmployerCell {
  readonly people: number;
  readonly answers: number;
  /** Mean stars; null when nobody rated. */
  readonly rating: number | null;
  readonly complaintShare: number;
}

/** Null: suppressed. Row and column totals are shown only where no suppressed cell follows from them. */
export interface EmployerReport {
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly cells: readonly (readonly (EmployerCell | null)[])[];
  readonly rowTotals: readonly (EmployerCell | null)[];
  readonly columnTotals: readonly (EmployerCell | null)[];
  readonly total: EmployerCell | null;
}

/** Fewest people in any figure that an employer sees. */
export const FEWEST_PEOPLE = 11;

function summarise(feedback: readonly EmployerFeedback[]): EmployerCell {
  const rated = feedback.filter(({ rating }) => rating !== null);
  const sum = rated.reduce((total, { rating }) => total + rating!, 0);
  return {
    people: new Set(feedback.map(({ personId }) => personId)).size,
    answers: feedback.length,
    rating: rated.length === 0 ? null : sum / rated.length,
    complaintShare:
      feedback.length === 0 ? 0 : feedback.filter(({ complained }) => complained).length / feedback.length,
  };
}

/**
 * The employer's table of feedback: people counted once a cell, no figure under `FEWEST_PEOPLE` people, none that
 * follows from others by subtraction. Each person is counted in the cell of his latest row and column only, so that
 * margins are sums of cells.
 */
export function employerReport(feedback: readonly EmployerFeedback[]): EmployerReport {
  const home = new Map(feedback.map((one) => [one.personId, one]));
  const placed = feedback.filter((one) => {
    const { row, column } = home.get(one.personId)!;
    return one.row === row && one.column === column;
  });
  const rows = [...new Set(placed.map(({ row }) => row))].sort();
  const columns = [...new Set(placed.map(({ column }) => column))].sort();
  const cells = rows.map((row) =>
    columns.map((column) => summarise(placed.filter((one) => one.row === row && one.column === column))),
  );
  const { hidden, hiddenRows, hiddenColumns, hiddenTotal } = suppress(
    cells.map((line) => line.map(({ people }) => people)),
    FEWEST_PEOPLE,
  );
  const margin = (own: readonly EmployerFeedback[], gone: boolean): EmployerCell | null => {
    const cell = summarise(own);
    return gone || cell.people < FEWEST_PEOPLE ? null : cell;
  };
  return {
    rows,
    columns,
    cells: cells.map((line, r) => line.map((cell, c) => (hidden[r]![c] ? null : cell))),
    rowTotals: rows.map((row, r) =>
      margin(
        placed.filter((one) => one.row === row),
        hiddenRows[r]!,
      ),
    ),
    columnTotals: columns.map((column, c) =>
      margin(
        placed.filter((one) => one.column === column),
        hiddenColumns[c]!,
      ),
    ),
    total: margin(placed, hiddenTotal),
  };
}
