/** What is withheld of a two-way table of head counts. */
export interface Suppression {
  readonly hidden: boolean[][];
  readonly hiddenRows: boolean[];
  readonly hiddenColumns: boolean[];
  hiddenTotal: boolean;
}

/**
 * Which withheld cells follow from what is published: cells, margins and total are tied by sums; a withheld value is
 * determined exactly when its unit vector lies in the row space of the equations. Gaussian elimination on the unknowns.
 */
export function determinedCells(state: Suppression): { r: number; c: number }[] {
  const height = state.hidden.length;
  const width = state.hiddenColumns.length;
  const unknown = new Map<string, number>();
  const number = (key: string): number => {
    const known = unknown.get(key);
    if (known !== undefined) return known;
    unknown.set(key, unknown.size);
    return unknown.size - 1;
  };
  const cells: { r: number; c: number; index: number }[] = [];
  for (let r = 0; r < height; r++) {
    for (let c = 0; c < width; c++) if (state.hidden[r]![c]) cells.push({ r, c, index: number(`${r},${c}`) });
  }
  const equations: Map<number, number>[] = [];
  for (let r = 0; r < height; r++) {
    const row = new Map<number, number>();
    for (let c = 0; c < width; c++) if (state.hidden[r]![c]) row.set(number(`${r},${c}`), 1);
    if (state.hiddenRows[r]) row.set(number(`row ${r}`), -1);
    equations.push(row);
  }
  for (let c = 0; c < width; c++) {
    const column = new Map<number, number>();
    for (let r = 0; r < height; r++) if (state.hidden[r]![c]) column.set(number(`${r},${c}`), 1);
    if (state.hiddenColumns[c]) column.set(number(`column ${c}`), -1);
    equations.push(column);
  }
  for (const [flags, name] of [
    [state.hiddenRows, 'row'],
    [state.hiddenColumns, 'column'],
  ] as const) {
    const sum = new Map<number, number>();
    flags.forEach((gone, i) => gone && sum.set(number(`${name} ${i}`), 1));
    if (state.hiddenTotal) sum.set(number('total'), -1);
    equations.push(sum);
  }
  return solvedUnknowns(equations, unknown.size, cells);
}

function solvedUnknowns<T extends { index: number }>(
  equations: readonly Map<number, number>[],
  size: number,
  cells: T[],
) {
  const rows = equations.map((equation) => {
    const row = new Float64Array(size);
    for (const [index, factor] of equation) row[index] = factor;
    return row;
  });
  let top = 0;
  for (let column = 0; column < size && top < rows.length; column++) {
    const pivot = rows.findIndex((row, i) => i >= top && Math.abs(row[column]!) > 1e-9);
    if (pivot < 0) continue;
    [rows[top], rows[pivot]] = [rows[pivot]!, rows[top]!];
    const scale = rows[top]![column]!;
    rows[top] = rows[top]!.map((x) => x / scale);
    rows.forEach((row, i) => {
      const factor = row[column]!;
      if (i !== top && Math.abs(factor) > 1e-9) rows[top]!.forEach((x, j) => (row[j]! -= factor * x));
    });
    top++;
  }
  const alone = new Set<number>();
  for (const row of rows) {
    const used = [...row.keys()].filter((j) => Math.abs(row[j]!) > 1e-9);
    if (used.length === 1) alone.add(used[0]!);
  }
  return cells.filter(({ index }) => alone.has(index));
}

/**
 * Suppression of a table whose margins are published. First every cell of 1 to `fewest` - 1 people (an empty cell is
 * published as empty), then, while such a cell can be found by subtraction, the smallest cell that helps: in its row,
 * its column, the table, then that row's margin, that column's, and the total. Also every row or column whose withheld cells
 * together have fewer than `fewest` people loses one more cell, since their sum is published in effect.
 */
export function suppress(people: readonly (readonly number[])[], fewest: number): Suppression {
  const width = people[0]?.length ?? 0;
  const sumOf = (r: number): number => people[r]!.reduce((a, b) => a + b, 0);
  const sumAt = (c: number): number => people.reduce((sum, row) => sum + row[c]!, 0);
  const state: Suppression = {
    hidden: people.map((row) => row.map((count) => count > 0 && count < fewest)),
    hiddenRows: people.map((_row, r) => sumOf(r) > 0 && sumOf(r) < fewest),
    hiddenColumns: Array.from({ length: width }, (_, c) => sumAt(c) > 0 && sumAt(c) < fewest),
    hiddenTotal: people.reduce((sum, _row, r) => sum + sumOf(r), 0) < fewest,
  };
  const small = (r: number, c: number): boolean => people[r]![c]! > 0 && people[r]![c]! < fewest;
  const hideOne = (line: { r: number; c: number }[]): boolean => {
    const rest = line
      .filter(({ r, c }) => !state.hidden[r]![c] && people[r]![c]! > 0)
      .sort((a, b) => people[a.r]![a.c]! - people[b.r]![b.c]!);
    if (rest.length === 0) return false;
    state.hidden[rest[0]!.r]![rest[0]!.c] = true;
    return true;
  };
  const rowLine = (r: number) => Array.from({ length: width }, (_, c) => ({ r, c }));
  const columnLine = (c: number) => people.map((_row, r) => ({ r, c }));
  const tooFew = (line: { r: number; c: number }[]): boolean => {
    const gone = line.filter(({ r, c }) => state.hidden[r]![c]);
    return gone.length > 0 && gone.reduce((sum, { r, c }) => sum + people[r]![c]!, 0) < fewest;
  };
  for (;;) {
    const row = people.findIndex((_row, r) => !state.hiddenRows[r] && tooFew(rowLine(r)));
    if (row >= 0) {
      if (!hideOne(rowLine(row))) state.hiddenRows[row] = true;
      continue;
    }
    const column = state.hiddenColumns.findIndex((gone, c) => !gone && tooFew(columnLine(c)));
    if (column >= 0) {
      if (!hideOne(columnLine(column))) state.hiddenColumns[column] = true;
      continue;
    }
    const found = determinedCells(state).find(({ r, c }) => small(r, c));
    if (!found) return state;
    const { r, c } = found;
    if (hideOne(rowLine(r)) || hideOne(columnLine(c)) || hideOne(people.flatMap((_row, i) => rowLine(i)))) continue;
    if (!state.hiddenRows[r]) state.hiddenRows[r] = true;
    else if (!state.hiddenColumns[c]) state.hiddenColumns[c] = true;
    else if (!state.hiddenTotal) state.hiddenTotal = true;
    else if (!hideMargin(state)) return state;
  }
}

/** The last resort: withholds the next published margin. False when there is none left. */
function hideMargin(state: Suppression): boolean {
  for (const margins of [state.hiddenRows, state.hiddenColumns]) {
    const next = margins.indexOf(false);
    if (next < 0) continue;
    margins[next] = true;
    return true;
  }
  return false;
}
