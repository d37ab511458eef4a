import type { Book } from '../book';
import type { Collector } from '../chapter';
import { lgamma, logSumExp } from '../math';
import type { SchemeParts } from '../parts';
import type { ScorePart } from '../types';

const MONTH = 30;
const PRIOR = 0.0003;
const FEWEST_LINES = 30;
/** Honest months of one doctor (leave, courses of one patient) vary like a gamma of this shape, at most. */
const SHAPES = [2, 3, 5, 8, 13, 20];

/**
 * A month with far more lines than the unit's other months and the market's season explain. Null: negative binomial
 * whose shape is the market's; alternative: the month is two to six times the expected one. New and leaving doctors
 * are no signal: the month has to stand between or after months of work.
 */
export function suddenChange(book: Book): Collector<SchemeParts> {
  const months = book.lines === 0 ? 0 : Math.min(60, Math.floor((book.lastDay - book.firstDay) / MONTH) + 1);
  const table = new Float64Array(book.units.count * Math.max(1, months));
  const billed = new Float64Array(book.units.count);
  const season = new Float64Array(Math.max(1, months));
  return {
    add: ({ lines, structure }) => {
      for (let row = 0; row < lines.length; row++) {
        const unit = structure.leadUnit[row]!;
        const month = Math.min(months - 1, Math.floor((lines.day[row]! - book.firstDay) / MONTH));
        season[month]! += 1;
        if (unit < 0) continue;
        table[unit * months + month]! += 1;
        billed[unit]! += lines.payable[row]!;
      }
    },
    finish: () => changeParts(book, { months, table, billed, season }),
  };
}

function changeParts(
  book: Book,
  {
    months,
    table,
    billed,
    season,
  }: { months: number; table: Float64Array; billed: Float64Array; season: Float64Array },
): SchemeParts {
  const units = book.units.count;
  const cells: { unit: number; count: number; expected: number }[] = [];
  for (let u = 0; u < units && months >= 3; u++) {
    let total = 0;
    for (let m = 0; m < months; m++) total += table[u * months + m]!;
    if (total < FEWEST_LINES) continue;
    let worst = { unit: u, count: 0, expected: 1 };
    for (let m = 1; m < months; m++) {
      const others = total - table[u * months + m]!;
      const quiet = others < FEWEST_LINES;
      const share = season[m]! / Math.max(1, book.lines - season[m]!);
      const expected = Math.max(1, others * share);
      const count = table[u * months + m]!;
      if (!quiet && count / expected > worst.count / worst.expected) worst = { unit: u, count, expected };
    }
    cells.push(worst);
  }
  const shape = fitShape(cells);
  const parts = new Map<number, ScorePart>();
  for (const { unit, count, expected } of cells) {
    // The expectation itself rests on the other months, whose lines come in episodes of about five.
    const others = expected * Math.max(1, months - 1);
    const honest = logNegativeBinomial(count, expected, 1 / (1 / shape + 5 / others));
    const guilty = logSumExp([2, 3, 4, 6].map((f) => logNegativeBinomial(count, f * expected, 10))) - Math.log(4);
    const odds = (PRIOR / Math.max(1, months - 1)) * Math.exp(Math.min(50, guilty - honest));
    const excess =
      Math.max(0, count - expected) /
      Math.max(
        1,
        table.subarray(unit * months, (unit + 1) * months).reduce((a, b) => a + b, 0),
      );
    const posterior = odds / (1 + odds);
    parts.set(unit, {
      scheme: 'sudden-change',
      posterior,
      share: null,
      expected: posterior * 0.5 * excess * billed[unit]!,
      facts: { after: count, before: expected },
    });
  }
  const none: ScorePart = {
    scheme: 'sudden-change',
    posterior: 0,
    share: null,
    expected: 0,
    facts: { after: 0, before: 0 },
  };
  return {
    clinic: Array.from({ length: book.clinics }, () => none),
    unit: Array.from({ length: units }, (_, u) => parts.get(u) ?? none),
  };
}

/** Shape of the honest spread: the likeliest for the worst months themselves, which already are extremes. */
function fitShape(cells: readonly { count: number; expected: number }[]): number {
  let best = SHAPES[0]!;
  let top = -Infinity;
  for (const shape of SHAPES) {
    const log = cells.reduce(
      (sum, cell) => sum + Math.max(-20, logNegativeBinomial(cell.count, cell.expected, shape)),
      0,
    );
    if (log > top) {
      top = log;
      best = shape;
    }
  }
  return best;
}

function logNegativeBinomial(k: number, mean: number, shape: number): number {
  const p = shape / (shape + mean);
  return lgamma(k + shape) - lgamma(shape) - lgamma(k + 1) + shape * Math.log(p) + k * Math.log(1 - p);
}
