import { randomUUID } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { Option } from 'commander';
import type { Command } from 'commander';
import { verifyDetached } from '../activities/signature/cms-rsa';
import { answerOf } from '../api/letters/answer';
import { requestLetter } from '../api/letters/request';
import { loadConfig } from '../config';
import { scopeOf } from '../models/access/policy';
import type { Principal } from '../models/access/roles';
import { AppError } from '../models/errors';
import { readerView } from '../models/letters/reader-view';
import { letterRequestSchema } from '../models/letters/request.schema';
import type { LetterRequestInput } from '../models/letters/request.schema';
import { LETTER_STATES } from '../models/letters/types';
import type { LetterState } from '../models/letters/types';
import { roubles } from '../models/review-case/money';
import type { Pool } from '../prisma/pool';
import { withTransaction } from '../prisma/pool';
import { appendAudit } from '../prisma/repositories/audit';
import { readDocument } from '../prisma/repositories/letter-files';
import { findRequestByNumber, listLetters, listRowFor, readLetterDetail } from '../prisma/repositories/letter-views';
import type { LetterDetail } from '../prisma/repositories/letter-views';
import { principalOf } from './account';
import { withTemporal } from './connect';
import { readJson } from './library';
import { print, withDatabase } from './with-database';

/** A letter names a person and a diagnosis. */
const OWNER_ONLY = { mode: 0o600 };

interface AsFlags {
  readonly as: string;
  readonly json?: boolean;
}

/** `medex letter submit | list | show | download | verify`: requests for guarantee letters, with an account's own rights. */
export function registerLetterCommands(program: Command): void {
  const letter = program.command('letter').description('гарантийные письма / guarantee letters');
  acting(letter, 'submit')
    .argument('<file>', 'the request as JSON, in the shape of POST /v1/letters')
    .description('запросить письмо и получить первый ответ / ask for a letter and get the first answer')
    .option('--key <key>', 'the same key again is the same request, where it has no senderRef')
    .action((file: string, flags: AsFlags & { key?: string }) => run((pool) => submit(pool, file, flags)));
  acting(letter, 'list')
    .description('запросы, ближайший срок первым / requests, the nearest deadline first')
    .addOption(new Option('--state <state>', 'in this state only').choices(LETTER_STATES))
    .addOption(new Option('--pended-for <whom>', 'that wait for').choices(['documents', 'expert']))
    .option('--clinic <code>', 'of one clinic')
    .action((flags: ListFlags) => run((pool) => list(pool, flags)));
  acting(letter, 'show')
    .argument('<letter>', 'id or number')
    .description('запрос с перепиской и остатком / a request with its thread and what is left')
    .action((name: string, flags: AsFlags) => run((pool) => show(pool, name, flags)));
  acting(letter, 'download')
    .argument('<letter>', 'id or number')
    .requiredOption('--out <file>', 'where to write the PDF; its signature goes beside it as <file>.p7s')
    .description('письмо и его подпись / the letter and its signature')
    .action((name: string, flags: AsFlags & { out: string }) => run((pool) => download(pool, name, flags)));
  letter
    .command('verify')
    .argument('<file>', 'the letter (PDF)')
    .description('проверить открепленную подпись CMS / check the detached CMS signature')
    .option('--signature <file>', 'its signature; without it <file>.p7s')
    .option('--json', 'print as JSON')
    .action(verify);
}

function acting(letter: Command, name: string): Command {
  return letter
    .command(name)
    .requiredOption('--as <login>', 'account that does it: its rights and rows apply')
    .option('--json', 'print as JSON');
}

async function submit(pool: Pool, file: string, flags: AsFlags & { key?: string }): Promise<void> {
  const principal = await principalOf(pool, flags.as, 'letter:request');
  const request = requestOf(await readJson(file), file);
  const view = await withTemporal(loadConfig(), ({ client }) =>
    requestLetter({ pool, temporal: client }, principal, request, flags.key ?? randomUUID()),
  );
  await audited(pool, principal, 'change', 'letter:request', view.letter.requestId);
  const answer = answerOf(view);
  const lines = answer.lines.map(
    (line) =>
      `  ${line.lineNo}. ${line.outcome}  ${line.approvedQuantity}  ${roubles(line.approvedKopecks)}  ${line.reasonCode ?? ''}`,
  );
  const waits = answer.pendedFor === null ? '' : `  ${answer.pendedFor}, ${answer.dueAt ?? '-'}`;
  print(flags.json, answer, [`${answer.id}  ${answer.number ?? '-'}  ${answer.state}${waits}`, ...lines].join('\n'));
}

function requestOf(input: unknown, file: string): LetterRequestInput {
  const parsed = letterRequestSchema.safeParse(input);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  const where = path.join('.');
  throw new AppError(
    'letter.unfit',
    { ru: `${file}: поле «${where}» не подходит (${message})`, en: `${file}: ${where} does not fit (${message})` },
    { httpStatus: 422 },
  );
}

interface ListFlags extends AsFlags {
  readonly state?: LetterState;
  readonly pendedFor?: 'documents' | 'expert';
  readonly clinic?: string;
}

async function list(pool: Pool, flags: ListFlags): Promise<void> {
  const principal = await principalOf(pool, flags.as, 'letter:read');
  const { state, pendedFor, clinic: clinicCode } = flags;
  const filter = scopeOf(principal, 'letter:read');
  const found = await listLetters(pool, { filter, state, pendedFor, clinicCode, after: null, limit: 1000 });
  const rows = found.map((row) => listRowFor(row, principal.role));
  const lines = rows.map((row) =>
    [
      row.id,
      row.number ?? '-',
      row.pendedFor === null ? row.state : `${row.state}/${row.pendedFor}`,
      row.clinicCode,
      row.dueAt ?? '-',
      `${roubles(row.approvedKopecks)} / ${roubles(row.requestedKopecks)}`,
    ].join('  '),
  );
  print(flags.json, rows, lines.length === 0 ? 'пусто / nothing' : lines.join('\n'));
}

async function show(pool: Pool, name: string, flags: AsFlags): Promise<void> {
  const principal = await principalOf(pool, flags.as, 'letter:read');
  const letter = readerView(await letterOf(pool, principal, name), principal.role);
  await audited(pool, principal, 'read', 'letter:read', letter.id);
  const lines = letter.lines.map(
    (line) =>
      `  ${line.lineNo}. ${line.serviceCode}  ${line.outcome}  ${line.approvedQuantity}/${line.quantity}` +
      `  осталось / left ${line.leftQuantity} (${roubles(line.leftKopecks)})  ${line.reasonCode ?? ''}`,
  );
  const thread = letter.thread.map((entry) => `  ${entry.at}  ${entry.kind}  ${entry.actorName ?? entry.actorRole}`);
  const head = `${letter.id}  ${letter.number ?? '-'}  ${letter.state}  ${letter.validTo ?? '-'}`;
  print(flags.json, letter, [head, ...lines, ...thread].join('\n'));
}

async function download(pool: Pool, name: string, flags: AsFlags & { out: string }): Promise<void> {
  const principal = await principalOf(pool, flags.as, 'letter:read');
  const letter = await letterOf(pool, principal, name);
  const document = await readDocument(pool, letter.id);
  if (document === null) throw missing(name);
  await audited(pool, principal, 'read', 'letter:read', letter.id);
  await writeFile(flags.out, document.pdf, OWNER_ONLY);
  await writeFile(`${flags.out}.p7s`, document.signature, OWNER_ONLY);
  const { pdfSha256, revision } = document;
  print(flags.json, { out: flags.out, pdfSha256, revision }, `${flags.out}, ${flags.out}.p7s`);
}

/** Exit code 1: the signature is not of this file, or is none. */
async function verify(file: string, flags: { signature?: string; json?: boolean }): Promise<void> {
  const [document, signature] = await Promise.all([readFile(file), readFile(flags.signature ?? `${file}.p7s`)]);
  const check = await verifyDetached(document, signature).catch(() => ({ valid: false, signer: null }));
  const text = check.valid ? `подпись верна / valid: ${check.signer}` : 'подпись не этого файла / not valid';
  print(flags.json, check, text);
  if (!check.valid) process.exitCode = 1;
}

/** A request by id or by the number on its letter, as far as the account may see it. Exit code 3 when it may not. */
async function letterOf(pool: Pool, principal: Principal, name: string): Promise<LetterDetail> {
  const id = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(name) ? name : await findRequestByNumber(pool, name);
  const letter = id === null ? null : await readLetterDetail(pool, id, scopeOf(principal, 'letter:read'));
  if (letter === null) throw missing(name);
  return letter;
}

function audited(
  pool: Pool,
  principal: Principal,
  kind: 'read' | 'change',
  action: 'letter:read' | 'letter:request',
  id: string,
): Promise<void> {
  const event = { kind, action, actor: principal.id, subjectType: 'letter', subjectIds: [id], facts: { by: 'cli' } };
  return withTransaction(pool, (tx) => appendAudit(tx, event));
}

function missing(name: string): AppError {
  return new AppError('letter.missing', { ru: `Нет письма ${name}`, en: `No letter ${name}` }, { httpStatus: 404 });
}

function run(work: (pool: Pool) => Promise<void>): Promise<void> {
  return withDatabase(loadConfig(), work);
}
