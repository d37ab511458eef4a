import fc from 'fast-check';
import { employerReport, FEWEST_PEOPLE, type EmployerFeedback } from '../models/ratings/employer-report';
import { determinedCells, suppress } from '../models/ratings/suppression';

function people(row: string, column: string, count: number): EmployerFeedback[] {
  return Array.from({ length: count }, (_, i) => ({
    personId: `${row}-${column}-${i}`,
    row,
    column,
    rating: 1 + (i % 5),
    complained: i % 4 === 0,
  }));
}

describe('the employer report', () => {
  it('shows no cell of fewer than 11 people, and not the one that would reveal it', () => {
    const report = employerReport([
      ...people('Москва', 'I', 40),
      ...people('Москва', 'II', 30),
      ...people('Казань', 'I', 5),
      ...people('Казань', 'II', 25),
    ]);
    expect(report.rows).toEqual(['Казань', 'Москва']);
    expect(report.cells).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(report.total!.people).toBe(100);
    expect(report.rowTotals.map((cell) => cell?.people)).toEqual([30, 70]);
  });

  it('counts a person once, however often he answered', () => {
    const own = people('A', 'x', 12);
    const report = employerReport([...own, ...own]);
    expect(report.cells[0]![0]).toMatchObject({ people: 12, answers: 24 });
  });

  it('shows nothing at all of a firm of ten', () => {
    const report = employerReport(people('A', 'x', 10));
    expect([report.cells[0]![0], report.rowTotals[0], report.columnTotals[0], report.total]).toEqual([
      null,
      null,
      null,
      null,
    ]);
  });

  it('leaves no small cell that follows from the published figures, whatever the table', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }).chain((width) =>
          fc.array(
            fc.array(fc.oneof(fc.nat(15), fc.integer({ min: 11, max: 60 })), { minLength: width, maxLength: width }),
            {
              minLength: 1,
              maxLength: 5,
            },
          ),
        ),
        (table) => {
          const state = suppress(table, FEWEST_PEOPLE);
          const revealed = determinedCells(state).filter(
            ({ r, c }) => table[r]![c]! > 0 && table[r]![c]! < FEWEST_PEOPLE,
          );
          expect(revealed).toEqual([]);
          table.forEach((row, r) =>
            row.forEach((count, c) => expect(state.hidden[r]![c] || count === 0 || count >= FEWEST_PEOPLE).toBe(true)),
          );
        },
      ),
      { numRuns: 300 },
    );
  });

  it('carries nothing but counts, stars and complaints', () => {
    const cell = employerReport(people('A', 'x', 20)).cells[0]![0]!;
    expect(Object.keys(cell).sort()).toEqual(['answers', 'complaintShare', 'people', 'rating']);
  });
});
