import type { LocalizedText } from '../../errors';
import { jsonPath } from '../check-pack';
import type { FactValue, RuleField } from './fields';
import { ruleField } from './fields';
import type { DecisionTable } from './table.schema';
import { decisionTableSchema } from './table.schema';
import { conditionError, createTableRunner } from './zen-runner';

export interface TableProblem {
  readonly path: string;
  readonly rule:
    | 'shape'
    | 'unknown-field'
    | 'bad-condition'
    | 'column-missing'
    | 'duplicate-row'
    | 'no-condition'
    | 'untested-row'
    | 'no-negative-test'
    | 'test-failed';
  readonly text: LocalizedText;
}

export interface TableCheck {
  readonly table: DecisionTable | null;
  readonly problems: readonly TableProblem[];
  /** May be published: shape, conditions and every test case are in order. */
  readonly publishable: boolean;
}

/**
 * Checks an expert table: shape, fields of the catalogue, every condition tried on a value of its type, and the test
 * cases run in the engine. Each row needs a test that it hits, and one test must expect nothing.
 */
export async function checkTable(input: unknown): Promise<TableCheck> {
  const parsed = decisionTableSchema.safeParse(input);
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({
      path: jsonPath(path as (string | number)[]) || '$',
      rule: 'shape' as const,
      text: { ru: `Поле не того вида: ${message}`, en: `The field has the wrong shape: ${message}` },
    }));
    return { table: null, problems, publishable: false };
  }
  const table = parsed.data;
  const problems = [...fieldProblems(table), ...rowProblems(table), ...coverageProblems(table)];
  if (problems.every(({ rule }) => rule !== 'bad-condition' && rule !== 'unknown-field')) {
    problems.push(...(await testProblems(table)));
  }
  return { table, problems, publishable: problems.length === 0 };
}

function fieldProblems(table: DecisionTable): TableProblem[] {
  return table.inputs.flatMap((name, i) => (ruleField(name) ? [] : [unknownField(`inputs[${i}]`, name)]));
}

function rowProblems(table: DecisionTable): TableProblem[] {
  const seen = new Set<string>();
  return table.rows.flatMap(({ id, when }, i) => {
    const found: TableProblem[] = [];
    if (seen.has(id)) {
      found.push({
        path: `rows[${i}].id`,
        rule: 'duplicate-row',
        text: { ru: `Строка «${id}» уже есть`, en: `Row "${id}" already exists` },
      });
    }
    seen.add(id);
    const cells = Object.entries(when).filter(([, condition]) => condition.trim() !== '');
    if (cells.length === 0) {
      found.push({
        path: `rows[${i}].when`,
        rule: 'no-condition',
        text: { ru: 'Строка без условий подойдет ко всему', en: 'A row without conditions fits everything' },
      });
    }
    for (const [name, condition] of cells) {
      const path = `rows[${i}].when["${name}"]`;
      const field = ruleField(name);
      if (!field) found.push(unknownField(path, name));
      else if (!table.inputs.includes(name)) found.push(missingColumn(path, name));
      else found.push(...conditionProblems(path, condition, field));
    }
    return found;
  });
}

function conditionProblems(path: string, condition: string, field: RuleField): TableProblem[] {
  const error = conditionError(condition, sampleOf(field));
  if (error === null) return [];
  const { ru, en } = field.label;
  return [
    {
      path,
      rule: 'bad-condition',
      text: {
        ru: `Условие «${condition}» не подходит к полю «${ru}»: ${error}`,
        en: `Condition "${condition}" does not fit field "${en}": ${error}`,
      },
    },
  ];
}

function coverageProblems(table: DecisionTable): TableProblem[] {
  const tested = new Set(table.tests.flatMap(({ expect }) => expect));
  const problems: TableProblem[] = table.rows.flatMap(({ id }, i) =>
    tested.has(id)
      ? []
      : [
          {
            path: `rows[${i}]`,
            rule: 'untested-row' as const,
            text: {
              ru: `У строки «${id}» нет примера, где она срабатывает`,
              en: `Row "${id}" has no test case that it hits`,
            },
          },
        ],
  );
  if (table.tests.every(({ expect }) => expect.length > 0)) {
    problems.push({
      path: 'tests',
      rule: 'no-negative-test',
      text: { ru: 'Нет примера, где правило молчит', en: 'There is no test case in which the rule stays silent' },
    });
  }
  return problems;
}

async function testProblems(table: DecisionTable): Promise<TableProblem[]> {
  const runner = createTableRunner([table]);
  try {
    const problems: TableProblem[] = [];
    for (const [i, { name, facts, expect }] of table.tests.entries()) {
      const unknown = Object.keys(facts).filter((field) => !ruleField(field));
      unknown.forEach((field) => problems.push(unknownField(`tests[${i}].facts["${field}"]`, field)));
      const hits = (await runner.evaluate(facts)).map(({ rowId }) => rowId);
      if (hits.join() === expect.join()) continue;
      const [wanted, got] = [expect.join(', ') || '–', hits.join(', ') || '–'];
      problems.push({
        path: `tests[${i}]`,
        rule: 'test-failed',
        text: {
          ru: `Пример «${name}»: ожидались строки ${wanted}, сработали ${got}`,
          en: `Test "${name}": expected rows ${wanted}, got ${got}`,
        },
      });
    }
    return problems;
  } finally {
    runner.dispose();
  }
}

/** A value of the field's type on which a condition can be tried. */
function sampleOf({ type, values }: RuleField): FactValue {
  switch (type) {
    case 'number':
      return 1;
    case 'yes-no':
      return true;
    case 'date':
      return '2026-01-31';
    case 'choice':
      return values![0]!;
    case 'text':
      return 'A01';
    default:
      return type satisfies never;
  }
}

function unknownField(path: string, name: string): TableProblem {
  return {
    path,
    rule: 'unknown-field',
    text: { ru: `Поля «${name}» нет в справочнике`, en: `Field "${name}" is not in the catalogue` },
  };
}

function missingColumn(path: string, name: string): TableProblem {
  return {
    path,
    rule: 'column-missing',
    text: { ru: `Столбца «${name}» нет среди inputs`, en: `Column "${name}" is not among the inputs` },
  };
}
