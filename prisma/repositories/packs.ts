import { AppError } from '../../models/errors';
import { checkPack } from '../../models/library/check-pack';
import type { PackCheck } from '../../models/library/check-pack';
import { diffPacks } from '../../models/library/diff-pack';
import type { PackChange } from '../../models/library/diff-pack';
import type { PackDocument } from '../../models/library/pack.schema';
import { readCodeDictionary } from '../facts/code-dictionary';
import type { Queryable } from '../pool';
import { findRuleVersion, ruleVersionData, saveDraft } from './rule-versions';
import type { RuleVersion } from './rule-versions';

export interface ImportedPack {
  readonly version: RuleVersion;
  /** Warnings: an error would have stopped the import. */
  readonly warnings: PackCheck['problems'];
}

/** Checks a pack against the codes that are known here. Writes nothing. */
export async function checkPackHere(db: Queryable, input: unknown): Promise<PackCheck> {
  return checkPack(input, await readCodeDictionary(db));
}

/**
 * Imports a guideline pack as a draft.
 * @throws AppError `library.pack-invalid` (422) with every problem: JSON path, rule, what is wrong and the fix
 */
export async function importPack(
  tx: Queryable,
  input: unknown,
  author: { readonly id: string; readonly at: string },
): Promise<ImportedPack> {
  const { pack, problems } = await checkPackHere(tx, input);
  if (pack === null) throw invalidPack(problems);
  // As it came: entries may carry more than the engine reads, e.g. which fields follow the source.
  const draft = { name: pack.pack, version: pack.version, data: input, author: author.id, at: author.at };
  return { version: await saveDraft(tx, 'guideline_pack', draft), warnings: problems };
}

/** What changed from one stored version to another, in medical terms; null when one of them is not there. */
export async function diffVersions(db: Queryable, beforeId: string, afterId: string): Promise<PackChange[] | null> {
  for (const id of [beforeId, afterId]) if ((await findRuleVersion(db, 'guideline_pack', id)) === null) return null;
  // Published versions of a world were read by the looser schema of exchange files: what they lack stays absent.
  const before = (await ruleVersionData(db, 'guideline_pack', beforeId)) as PackDocument;
  const after = (await ruleVersionData(db, 'guideline_pack', afterId)) as PackDocument;
  return diffPacks(before, after, await readCodeDictionary(db));
}

export function invalidPack(problems: PackCheck['problems']): AppError {
  const errors = problems.map(({ path, rule, text, fix }) => ({ path, rule, message: text, fix }));
  const count = problems.filter(({ severity }) => severity === 'error').length;
  return new AppError(
    'library.pack-invalid',
    {
      ru: `Пакет не принят, ошибок: ${count}. Первая: ${errors[0]?.path}: ${errors[0]?.message.ru}. ${errors[0]?.fix.ru}`,
      en: `The pack is not accepted, errors: ${count}. First: ${errors[0]?.path}: ${errors[0]?.message.en}. ${errors[0]?.fix.en}`,
    },
    { httpStatus: 422, details: { errors } },
  );
}
