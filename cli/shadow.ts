import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { loadConfig } from '../config';
import { AppError } from '../models/errors';
import type { ShadowSums } from '../models/shadow-run/sums';
import { assertPublishable } from '../prisma/repositories/decision-tables';
import { withTransaction } from '../prisma/pool';
import type { Pool } from '../prisma/pool';
import { enqueue } from '../prisma/repositories/outbox';
import { checkPackHere, invalidPack } from '../prisma/repositories/packs';
import { contentHash, ruleVersionData } from '../prisma/repositories/rule-versions';
import { findShadowRun, insertShadowRun, shadowChunkResults } from '../prisma/repositories/shadow-runs';
import type { ShadowRunDraft, ShadowRunRow } from '../prisma/repositories/shadow-runs';
import { readJson, versionOf } from './library';
import { print, withDatabase } from './with-database';

interface RunFlags {
  readonly pack?: string;
  readonly table?: string;
  readonly version?: string;
  readonly months: number;
  readonly json?: boolean;
}

/** `medex shadow run | show`: what would a pack or rule have changed over the last months? */
export function registerShadowCommands(program: Command): void {
  const shadow = program.command('shadow').description('пробный прогон правил / shadow runs of rules');
  shadow
    .command('run')
    .description('что изменила бы версия за последние месяцы / what would a version have changed')
    .option('--pack <file>', 'guidelines.json that nobody has imported yet')
    .option('--table <file>', 'expert table that nobody has imported yet')
    .option('--version <version>', 'stored version: id or name@version')
    .option('--months <n>', 'how far back from the youngest service date', monthsOf, 12)
    .option('--json', 'print the result as JSON')
    .action((flags: RunFlags) => withDatabase(loadConfig(), (pool) => runShadow(pool, flags)));
  shadow
    .command('show')
    .argument('<run>', 'id of a run')
    .description('итог прогона / result of a run')
    .option('--json', 'print as JSON')
    .action((id: string, flags: { json?: boolean }) =>
      withDatabase(loadConfig(), async (pool) => {
        const run = await findShadowRun(pool, id);
        if (run === null)
          throw new AppError('shadow.unknown', { ru: 'Нет такого прогона', en: 'No such run' }, { httpStatus: 404 });
        print(flags.json, run, textOf(run));
      }),
    );
}

async function runShadow(pool: Pool, flags: RunFlags): Promise<void> {
  const draft = await draftOf(pool, flags);
  await withTransaction(pool, async (tx) => {
    await insertShadowRun(tx, draft);
    await enqueue(tx, [{ topic: 'shadow-run', key: draft.id, payload: { runId: draft.id } }]);
  });
  let chunks = -1;
  for (;;) {
    const run = (await findShadowRun(pool, draft.id))!;
    if (run.state !== 'waiting' && run.state !== 'running') return print(flags.json, run, textOf(run));
    const done = (await shadowChunkResults(pool, draft.id)).length;
    if (done !== chunks && flags.json !== true) process.stderr.write(`  ${run.state}, частей / chunks: ${done}\n`);
    chunks = done;
    await sleep(500);
  }
}

async function draftOf(pool: Pool, flags: RunFlags): Promise<ShadowRunDraft> {
  const base = { id: randomUUID(), months: flags.months, startedBy: null };
  if (flags.version !== undefined) {
    const { kind, row } = await versionOf(pool, flags.version);
    const { id: candidateId, name, version, sha256 } = row;
    return { ...base, kind, candidateId, name, version, sha256, data: await ruleVersionData(pool, kind, row.id) };
  }
  const file = flags.pack ?? flags.table;
  if (file === undefined) throw new Error('Give --pack, --table or --version');
  const input = await readJson(file);
  const candidateId = randomUUID();
  if (flags.pack !== undefined) {
    const { pack, problems } = await checkPackHere(pool, input);
    if (pack === null) throw invalidPack(problems);
    const sha256 = contentHash(input);
    return {
      ...base,
      kind: 'guideline_pack',
      candidateId,
      name: pack.pack,
      version: pack.version,
      sha256,
      data: input,
    };
  }
  await assertPublishable(input);
  const { id: name, version } = input as { id: string; version: string };
  return { ...base, kind: 'decision_table', candidateId, name, version, sha256: contentHash(input), data: input };
}

function textOf(run: ShadowRunRow): string {
  const head = `${run.id}  ${run.candidateName}@${run.candidateVersion}  ${run.state}  ${run.fromDay ?? '…'} – ${run.toDay ?? '…'}`;
  return run.result === null ? head : [head, ...resultText(run.result)].join('\n');
}

function resultText(sums: ShadowSums): string[] {
  const roubles = (kopecks: number) => (kopecks / 100).toFixed(2);
  const { agreementBefore: before, agreementAfter: after } = sums;
  return [
    `строк / lines: ${sums.lines}, изменится / changed: ${sums.linesChanged}, замечаний / findings: +${sums.findingsAdded} -${sums.findingsRemoved}`,
    `под вопросом / at risk: ${roubles(sums.riskAfterKopecks - sums.riskBeforeKopecks)} руб.`,
    ...sums.codes.map(
      (code) =>
        `  ${code.code}: +${code.added} (${roubles(code.addedKopecks)}) -${code.removed} (${roubles(code.removedKopecks)})`,
    ),
    `клиник / clinics: ${sums.clinics.length}`,
    ...sums.clinics
      .slice(0, 10)
      .map((clinic) => `  ${clinic.clinic}: ${clinic.lines}, ${roubles(clinic.riskKopecks)} руб.`),
    `врачи согласны / doctors agree: ${before.flaggedCut + before.cleanAccepted} -> ${after.flaggedCut + after.cleanAccepted}`,
    `медленнее всех / slowest: ${sums.rules
      .slice(0, 3)
      .map(({ rule, ms }) => `${rule} ${ms.toFixed(1)} ms`)
      .join(', ')}`,
  ];
}

function monthsOf(text: string): number {
  const months = Number(text);
  if (!Number.isInteger(months) || months < 1 || months > 60) throw new InvalidArgumentError('1 to 60');
  return months;
}
