import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { loadConfig } from '../config';
import type { Action } from '../models/access/policy';
import { isNamedDoctor } from '../models/access/roles';
import { AppError } from '../models/errors';
import { diffPacks } from '../models/library/diff-pack';
import type { PackDocument } from '../models/library/pack.schema';
import { readCodeDictionary } from '../prisma/facts/code-dictionary';
import type { Pool } from '../prisma/pool';
import { withTransaction } from '../prisma/pool';
import { appendAudit } from '../prisma/repositories/audit';
import { importTable } from '../prisma/repositories/decision-tables';
import { checkPackHere, importPack, invalidPack } from '../prisma/repositories/packs';
import { stepRuleVersion } from '../prisma/repositories/rule-steps';
import type { RuleStep } from '../prisma/repositories/rule-steps';
import {
  findRuleVersion,
  findRuleVersionByName,
  listRuleVersions,
  ruleVersionData,
} from '../prisma/repositories/rule-versions';
import type { RuleKind, RuleVersion } from '../prisma/repositories/rule-versions';
import { principalOf } from './account';
import { print, withDatabase } from './with-database';

const KINDS: readonly RuleKind[] = ['guideline_pack', 'decision_table'];

interface StepFlags {
  readonly as: string;
  readonly from?: string;
  readonly until?: string;
  readonly comment?: string;
  readonly json?: boolean;
}

/** `medex library check | import | list | diff | review | send-back | publish | retire | revert`. */
export function registerLibraryCommands(program: Command): void {
  const library = program
    .command('library')
    .description('библиотека рекомендаций и правил / guidelines and expert rules');
  library
    .command('check')
    .argument('<file>', 'guidelines.json')
    .description('проверить пакет, ничего не сохраняя / check a pack without storing it')
    .option('--json', 'print the problems as JSON')
    .action((file: string, flags: { json?: boolean }) => run((pool) => checkFile(pool, file, flags.json)));
  library
    .command('import')
    .argument('<file>', 'guidelines.json, or an expert table')
    .requiredOption('--as <login>', 'whose draft it is')
    .description('загрузить черновик / import a draft')
    .option('--json', 'print the version as JSON')
    .action((file: string, flags: { as: string; json?: boolean }) => run((pool) => importFile(pool, file, flags)));
  library
    .command('list')
    .description('версии / versions')
    .option('--name <name>', 'of one pack or table')
    .option('--json', 'print as JSON')
    .action((flags: { name?: string; json?: boolean }) => run((pool) => list(pool, flags)));
  library
    .command('diff')
    .arguments('<before> <after>')
    .description('что изменилось, медицинскими словами (файл, id или имя@версия) / what changed, in medical terms')
    .option('--json', 'print as JSON')
    .action((before: string, after: string, flags: { json?: boolean }) =>
      run((pool) => diff(pool, before, after, flags.json)),
    );
  step(library, 'review', 'проверить вторым врачом / review as a second doctor', 'guideline:review');
  step(library, 'send-back', 'вернуть автору / send back to the author', 'guideline:review');
  step(library, 'publish', 'опубликовать с даты / publish from a date', 'guideline:publish');
  step(library, 'retire', 'вывести из действия / retire', 'guideline:publish');
  step(library, 'revert', 'отменить одним шагом / revert in one step', 'guideline:publish');
}

function step(library: Command, name: RuleStep['action'], description: string, permission: Action): void {
  const command = library
    .command(name)
    .argument('<version>', 'id or name@version')
    .description(description)
    .requiredOption('--as <login>', 'who does it')
    .option('--json', 'print the version as JSON');
  if (name === 'publish') command.requiredOption('--from <date>', 'first day in force, YYYY-MM-DD');
  if (name === 'retire') command.requiredOption('--until <date>', 'last day in force, YYYY-MM-DD');
  if (name === 'send-back' || name === 'revert') command.requiredOption('--comment <text>', 'why');
  if (name === 'review') command.option('--comment <text>', 'remark');
  command.action((version: string, flags: StepFlags) =>
    run((pool) => takeStep(pool, version, stepOf(name, flags), permission, flags)),
  );
}

function stepOf(action: RuleStep['action'], { from, until, comment }: StepFlags): RuleStep {
  switch (action) {
    case 'publish':
      return { action, effectiveFrom: from! };
    case 'retire':
      return { action, effectiveTo: until! };
    case 'review':
      return { action, comment };
    default:
      return { action, comment: comment! };
  }
}

async function takeStep(
  pool: Pool,
  name: string,
  wanted: RuleStep,
  permission: Action,
  flags: StepFlags,
): Promise<void> {
  const { kind, row } = await versionOf(pool, name);
  const done = await withTransaction(pool, async (tx) => {
    const user = await principalOf(pool, flags.as, permission);
    const by = { id: user.id, isDoctor: isNamedDoctor(user) };
    const after = (await stepRuleVersion(tx, kind, row.id, { ...wanted, by, at: new Date().toISOString() }))!;
    const facts = { step: wanted.action, state: after.state, effectiveFrom: after.effectiveFrom };
    await appendAudit(tx, {
      kind: 'decision',
      action: permission,
      actor: user.id,
      subjectType: kind,
      subjectIds: [row.id],
      facts,
    });
    return after;
  });
  print(flags.json, done, lineOf(done));
}

async function checkFile(pool: Pool, file: string, json: boolean | undefined): Promise<void> {
  const { pack, problems } = await checkPackHere(pool, await readJson(file));
  const lines = problems.map(
    ({ path, severity, text, fix }) => `${severity}  ${path}: ${text.ru}. ${fix.ru} / ${text.en}. ${fix.en}`,
  );
  print(json, { valid: pack !== null, problems }, lines.length === 0 ? 'ошибок нет / no problem' : lines.join('\n'));
  if (pack === null) process.exitCode = 1;
}

async function importFile(pool: Pool, file: string, flags: { as: string; json?: boolean }): Promise<void> {
  const input = await readJson(file);
  const isPack = typeof input === 'object' && input !== null && 'pack' in input;
  const version = await withTransaction(pool, async (tx) => {
    const user = await principalOf(pool, flags.as, 'guideline:edit');
    const author = { id: user.id, at: new Date().toISOString() };
    const imported = isPack ? await importPack(tx, input, author) : await importTable(tx, input, author);
    const subjectType = isPack ? 'guideline_pack' : 'decision_table';
    const facts = { version: imported.version.version, sha256: imported.version.sha256 };
    await appendAudit(tx, {
      kind: 'change',
      action: 'guideline:edit',
      actor: user.id,
      subjectType,
      subjectIds: [imported.version.id],
      facts,
    });
    return imported.version;
  });
  print(flags.json, version, lineOf(version));
}

async function list(pool: Pool, flags: { name?: string; json?: boolean }): Promise<void> {
  const query = { name: flags.name ?? null, state: null, after: null, limit: 1000 };
  const rows = (await Promise.all(KINDS.map((kind) => listRuleVersions(pool, kind, query)))).flat();
  print(flags.json, rows, rows.length === 0 ? 'пусто / nothing' : rows.map(lineOf).join('\n'));
}

async function diff(pool: Pool, before: string, after: string, json: boolean | undefined): Promise<void> {
  const dictionary = await readCodeDictionary(pool);
  const changes = diffPacks(await packOf(pool, before), await packOf(pool, after), dictionary);
  const lines = changes.map(({ text }) => `${text.ru} / ${text.en}`);
  print(json, changes, lines.length === 0 ? 'различий нет / no difference' : lines.join('\n'));
}

/** A pack by file, id or name@version. */
async function packOf(pool: Pool, name: string): Promise<PackDocument> {
  if (name.endsWith('.json')) {
    const { pack, problems } = await checkPackHere(pool, await readJson(name));
    if (pack === null) throw invalidPack(problems);
    return pack;
  }
  const { kind, row } = await versionOf(pool, name);
  if (kind !== 'guideline_pack') throw unknown(name);
  return (await ruleVersionData(pool, kind, row.id)) as PackDocument;
}

/** A version by id or by name@version, of either kind. Exit code 3 when there is none. */
export async function versionOf(pool: Pool, name: string): Promise<{ kind: RuleKind; row: RuleVersion }> {
  const at = name.lastIndexOf('@');
  for (const kind of KINDS) {
    const row =
      at > 0
        ? await findRuleVersionByName(pool, kind, name.slice(0, at), name.slice(at + 1))
        : /^[0-9a-f-]{36}$/.test(name)
          ? await findRuleVersion(pool, kind, name)
          : null;
    if (row !== null) return { kind, row };
  }
  throw unknown(name);
}

export async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8');
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : 'not JSON';
    throw new AppError(
      'file.unreadable',
      { ru: `${file} не читается: ${reason}`, en: `${file} cannot be read: ${reason}` },
      { cause },
    );
  }
}

function lineOf(row: RuleVersion): string {
  const days =
    row.effectiveFrom === null && row.effectiveTo === null
      ? ''
      : `  ${row.effectiveFrom ?? '…'} – ${row.effectiveTo ?? '…'}`;
  return `${row.id}  ${row.name}@${row.version}  ${row.state}${days}`;
}

function unknown(name: string): AppError {
  return new AppError(
    'library.unknown',
    { ru: `Нет версии ${name}`, en: `There is no version ${name}` },
    { httpStatus: 404 },
  );
}

function run(work: (pool: Pool) => Promise<void>): Promise<void> {
  return withDatabase(loadConfig(), work);
}
