import { ZenEngine, evaluateUnaryExpressionSync } from '@gorules/zen-engine';
import type { FactValue, LineFacts } from './fields';
import { createPrefilter } from './prefilter';
import type { DecisionTable, ExpertOutcome } from './table.schema';

/** A row of an expert table that fits a line, with the values that its conditions read. */
export interface TableHit {
  readonly tableId: string;
  readonly tableVersion: string;
  readonly rowId: string;
  readonly outcome: ExpertOutcome;
  readonly values: Readonly<Record<string, FactValue>>;
}

/** What a table said about a line, for "why was this line not flagged". */
export interface TableTrace {
  readonly tableId: string;
  readonly result: 'hit' | 'pass' | 'not-applicable' | 'not-evaluated';
  /** Unknown fields that conditions wanted to read. */
  readonly missing: readonly string[];
  readonly values: Readonly<Record<string, FactValue>>;
}

export interface TableRunner {
  readonly evaluate: (facts: LineFacts) => Promise<TableHit[]>;
  /** Every table's answer, candidates or not. */
  readonly trace: (facts: LineFacts) => Promise<TableTrace[]>;
  /** Number of table evaluations so far: what the pre-filter let through. */
  readonly evaluations: () => number;
  readonly dispose: () => void;
}

/**
 * Runs expert tables in the ZEN engine (@gorules/zen-engine, a native module: not for workflow code). Lines reach the
 * engine only for tables whose scope fits; the engine answers with row numbers, and outcomes come from our own table,
 * so that no expression can invent an effect.
 */
export function createTableRunner(tables: readonly DecisionTable[]): TableRunner {
  const engine = new ZenEngine();
  const decisions = tables.map((table) => engine.createDecision(graphOf(table)));
  const prefilter = createPrefilter(tables);
  let evaluations = 0;
  const rowsOf = async (place: number, facts: LineFacts): Promise<number[]> => {
    evaluations += 1;
    const { result } = await decisions[place]!.evaluate(nest(facts));
    const rows = (Array.isArray(result) ? result : [result]) as ({ row?: number } | null)[];
    return rows.flatMap((answer) => (typeof answer?.row === 'number' ? [answer.row] : []));
  };
  return {
    evaluate: async (facts) => {
      const hits: TableHit[] = [];
      for (const place of prefilter.candidates(facts)) {
        const table = tables[place]!;
        for (const row of await rowsOf(place, facts)) hits.push(hitOf(table, row, facts));
      }
      return hits;
    },
    trace: async (facts) => {
      const candidates = new Set(prefilter.candidates(facts));
      return Promise.all(
        tables.map(async (table, place) => {
          const values = valuesOf(table.inputs, facts);
          const base = { tableId: table.id, values, missing: [] as string[] };
          if (!candidates.has(place)) return { ...base, result: 'not-applicable' as const };
          if ((await rowsOf(place, facts)).length > 0) return { ...base, result: 'hit' as const };
          const missing = table.inputs.filter((name) => (facts[name] ?? null) === null);
          return { ...base, missing, result: missing.length > 0 ? ('not-evaluated' as const) : ('pass' as const) };
        }),
      );
    },
    evaluations: () => evaluations,
    dispose: () => engine.dispose(),
  };
}

/** Why a condition cannot be used on a value, or null when it can. */
export function conditionError(condition: string, sample: FactValue): string | null {
  try {
    evaluateUnaryExpressionSync(condition, { $: sample });
    return null;
  } catch (error) {
    return readable(error instanceof Error ? error.message : String(error));
  }
}

function readable(message: string): string {
  const source = /"source":"((?:[^"\\]|\\.)*)"/.exec(message);
  return (source?.[1] ?? message).split('\n')[0]!;
}

function hitOf(table: DecisionTable, row: number, facts: LineFacts): TableHit {
  const { id, when, outcome } = table.rows[row]!;
  const read = table.inputs.filter((name) => (when[name] ?? '').trim() !== '');
  return { tableId: table.id, tableVersion: table.version, rowId: id, outcome, values: valuesOf(read, facts) };
}

function valuesOf(names: readonly string[], facts: LineFacts): Record<string, FactValue> {
  return Object.fromEntries(names.map((name) => [name, facts[name] ?? null]));
}

/** `{ 'line.quantity': 2 }` -> `{ line: { quantity: 2 } }` */
function nest(facts: LineFacts): Record<string, Record<string, FactValue>> {
  const nested: Record<string, Record<string, FactValue>> = {
    line: {},
    person: {},
    programme: {},
    clinic: {},
    history: {},
  };
  for (const [name, value] of Object.entries(facts)) {
    const [group, field] = name.split('.') as [string, string];
    (nested[group] ??= {})[field] = value;
  }
  return nested;
}

/** One decision table between an input and an output node: no functions, no HTTP, no other node kinds. */
function graphOf(table: DecisionTable): object {
  const at = { position: { x: 0, y: 0 } };
  const inputs = table.inputs.map((field, i) => ({ id: `i${i}`, name: field, field, type: 'expression' }));
  const rules = table.rows.map(({ id, when }, row) => ({
    _id: id,
    ...Object.fromEntries(table.inputs.map((field, i) => [`i${i}`, when[field] ?? ''])),
    o: String(row),
  }));
  const content = { hitPolicy: table.hit_policy, inputs, outputs: [{ id: 'o', name: 'row', field: 'row' }], rules };
  return {
    nodes: [
      { id: 'in', type: 'inputNode', name: 'facts', ...at },
      { id: 'table', type: 'decisionTableNode', name: table.id, content, ...at },
      { id: 'out', type: 'outputNode', name: 'rows', ...at },
    ],
    edges: [
      { id: 'a', sourceId: 'in', targetId: 'table', type: 'edge' },
      { id: 'b', sourceId: 'table', targetId: 'out', type: 'edge' },
    ],
  };
}
