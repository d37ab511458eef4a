import { AppError } from '../../models/errors';
import { checkTable } from '../../models/library/decision-tables/check-table';
import type { TableCheck } from '../../models/library/decision-tables/check-table';
import type { Queryable } from '../pool';
import { saveDraft } from './rule-versions';
import type { RuleVersion } from './rule-versions';

export interface ImportedTable {
  readonly version: RuleVersion;
  /** What stands between the draft and its publication, e.g. test cases that fail. */
  readonly problems: TableCheck['problems'];
  readonly publishable: boolean;
}

/**
 * Stores an expert table as a draft; its test cases are run and may still fail.
 * @throws AppError `library.table-invalid` (422) when it is no table at all
 */
export async function importTable(
  tx: Queryable,
  input: unknown,
  author: { readonly id: string; readonly at: string },
): Promise<ImportedTable> {
  const { table, problems, publishable } = await checkTable(input);
  if (table === null) throw invalidTable(problems);
  const draft = { name: table.id, version: table.version, data: table, author: author.id, at: author.at };
  return { version: await saveDraft(tx, 'decision_table', draft), problems, publishable };
}

/** @throws AppError `library.table-invalid` unless shape, conditions and every test case are in order */
export async function assertPublishable(input: unknown): Promise<void> {
  const { problems, publishable } = await checkTable(input);
  if (!publishable) throw invalidTable(problems);
}

function invalidTable(problems: TableCheck['problems']): AppError {
  const [first] = problems;
  return new AppError(
    'library.table-invalid',
    {
      ru: `Правило не готово: ${first?.path}: ${first?.text.ru}`,
      en: `The rule is not ready: ${first?.path}: ${first?.text.en}`,
    },
    { httpStatus: 422, details: { errors: problems.map(({ path, rule, text }) => ({ path, rule, message: text })) } },
  );
}
