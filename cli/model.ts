import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import cliProgress from 'cli-progress';
import type { Command } from 'commander';
import { InvalidArgumentError, Option } from 'commander';
import type { BackendName } from '../models/underwriting/backend';
import { openBackend } from '../models/underwriting/backend';
import { parseCatalogue } from '../models/underwriting/catalogue';
import { evaluateScored } from '../models/underwriting/evaluate';
import { evaluationMarkdown } from '../models/underwriting/evaluation-report';
import { evaluationWarnings } from '../models/underwriting/evaluation-warnings';
import type { UnderwritingModel } from '../models/underwriting/model';
import { modelCard } from '../models/underwriting/model-card';
import { loadCheckpoint, loadModel, saveCheckpoint, saveModel } from '../models/underwriting/model-files';
import { predictionLines, scoreForMeasure, scoreTable } from '../models/underwriting/score';
import { scoreWarnings } from '../models/underwriting/score-warnings';
import type { Effort } from '../models/underwriting/settings';
import { readAsText, requireColumn } from '../models/underwriting/spec';
import type { Table } from '../models/underwriting/table';
import { readFileBytes, readTableFile } from '../models/underwriting/table-file';
import { readTableText } from '../models/underwriting/table-text';
import { rowsWithin, timesOf } from '../models/underwriting/period-column';
import { PERIOD_FORMS, readPeriod } from '../models/underwriting/periods';
import { pickRows } from '../models/underwriting/table';
import { trainModel } from '../models/underwriting/train';
import type { TrainingControl, TrainingProgress } from '../models/underwriting/train-ensemble';
import { registerModelStatistics } from './model-statistics';

/** Adds `medex model train | score | evaluate`. */
export function registerModelCommands(program: Command): void {
  const model = program.command('model').description('underwriting model: learn from a portfolio, forecast, measure');
  registerModelStatistics(model);
  model
    .command('train')
    .description('train on a portfolio; Ctrl-C keeps the members done, the same command goes on from there')
    .requiredOption('--factors <csv>', 'factor catalogue: code, kind, and optionally group, unit, min, max, monotone')
    .requiredOption('--data <csv>', 'portfolio, .csv or .csv.gz: one row per contract, clinic and period')
    .requiredOption('--target <column>', 'what to forecast: an amount or a count')
    .requiredOption('--out <folder>', 'where the model goes')
    .option('--exposure <column>', 'exposure of a row (default: 1)')
    .option('--group <column>', 'owner of rows that belong together (default: each row on its own)')
    .option('--time <column>', 'period (2023, 2023-06, 2023Q2, a date…); without it folds by group are the only split')
    .option('--train-until <period>', 'last period to learn from, all of it: 2023, 2023-06, 2023Q2', periodOption)
    .option('--entity <column>', 'the other side of a row (clinic); “none” for none (default: found in the data)')
    .option('--index <column>', 'price level divided out beforehand; “none” for none (default: found in the data)')
    .option('--seed <number>', 'seed of folds and weights', seedOption, 1)
    .addOption(
      new Option('--effort <level>', 'full, or quick: one rotation and no search of settings')
        .choices(['full', 'quick'])
        .default('full'),
    )
    .addOption(backendOption())
    .option('--quiet', 'no progress')
    .action(trainCommand);
  model
    .command('score')
    .description('forecast rows: keys, prediction, lower, upper (bounds add up to the bounds of the contract)')
    .requiredOption('--model <folder>', 'a trained model')
    .requiredOption('--data <csv>', 'rows with the factors, .csv or .csv.gz')
    .requiredOption('--out <csv>', 'predictions')
    .addOption(backendOption())
    .action(scoreCommand);
  model
    .command('evaluate')
    .description('measure a model on rows with known totals, beside tariff, experience rating and GLM')
    .requiredOption('--model <folder>', 'a trained model')
    .requiredOption('--data <csv>', 'rows with factors and target, .csv or .csv.gz')
    .option(
      '--from <period>',
      'first period to measure (default: the first after training, if the data has one)',
      periodOption,
    )
    .option('--to <period>', 'last period to measure, all of it', periodOption)
    .option('--out <folder>', 'where evaluation.json and evaluation.md go (default: the model folder)')
    .option('--json', 'print JSON instead of Markdown')
    .addOption(backendOption())
    .action(evaluateCommand);
}

interface TrainOptions {
  readonly factors: string;
  readonly data: string;
  readonly target: string;
  readonly out: string;
  readonly exposure?: string;
  readonly group?: string;
  readonly time?: string;
  readonly trainUntil?: string;
  readonly entity?: string;
  readonly index?: string;
  readonly seed: number;
  readonly effort: Effort;
  readonly backend?: BackendName;
  readonly quiet?: boolean;
}

async function trainCommand(options: TrainOptions, command: Command): Promise<void> {
  if (options.trainUntil !== undefined && options.time === undefined)
    command.error('error: --train-until needs --time: name the column of the period', { exitCode: 2 });
  const out = resolve(options.out);
  const factorBytes = readFileBytes(resolve(options.factors));
  const dataBytes = readFileBytes(resolve(options.data));
  const factors = parseCatalogue(factorBytes);
  const request = {
    factors,
    target: options.target,
    exposure: options.exposure,
    group: options.group,
    time: options.time,
    trainUntil: options.trainUntil,
    entity: orNone(options.entity),
    index: orNone(options.index),
    seed: options.seed,
    effort: options.effort,
  } as const;
  const key = createHash('sha256').update(dataBytes).update(JSON.stringify(request)).digest('hex');
  const folder = join(out, 'checkpoint');
  const stop = new AbortController();
  const interrupted = (): void => stop.abort(new Error('interrupted'));
  process.once('SIGINT', interrupted);
  process.once('SIGTERM', interrupted);
  const progress = createProgress(options.quiet === true || !process.stderr.isTTY);
  const control: TrainingControl = {
    signal: stop.signal,
    onProgress: progress.update,
    checkpoint: { members: loadCheckpoint(folder, key), save: (members) => saveCheckpoint(folder, { key, members }) },
  };
  const started = Date.now();
  try {
    const backend = await openBackend(options.backend);
    const keys = { ...request, entity: request.entity ?? undefined, index: request.index ?? undefined };
    const table = readTableText(dataBytes, readAsText(factors, keys));
    const model = await trainModel(backend, table, request, control);
    saveModel(model, out);
    writeFileSync(join(out, 'model-card.md'), modelCard(model));
    rmSync(folder, { recursive: true, force: true });
    progress.stop();
    for (const warning of model.warnings) process.stderr.write(`${warning}\n`);
    const { rows, groups } = model.trainedOn;
    process.stdout.write(
      `model ${model.version}: ${rows} rows, ${groups} groups, ${model.members.length} members (${backend.name}), ${((Date.now() - started) / 1000).toFixed(0)} s\n`,
    );
  } catch (error) {
    progress.stop();
    if (!stop.signal.aborted) throw error;
    process.stderr.write(`Interrupted: the members done are kept in ${folder}; run the same command to go on.\n`);
    process.exitCode = 130;
  } finally {
    process.off('SIGINT', interrupted);
    process.off('SIGTERM', interrupted);
  }
}

async function scoreCommand(options: {
  model: string;
  data: string;
  out: string;
  backend?: BackendName;
}): Promise<void> {
  const model = loadModel(resolve(options.model));
  const table = readTableFile(resolve(options.data), readAsText(model.factors, model.columns));
  const { tf } = await openBackend(options.backend);
  for (const { text } of scoreWarnings(model, table)) process.stderr.write(`${text.ru} / ${text.en}\n`);
  const scored = scoreTable(tf, model, table);
  const path = resolve(options.out);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, [...predictionLines(model, table, scored)].join(''));
  process.stdout.write(`${table.rows} rows scored by model ${model.version}\n`);
}

interface EvaluateOptions {
  readonly model: string;
  readonly data: string;
  readonly from?: string;
  readonly to?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly backend?: BackendName;
}

async function evaluateCommand(options: EvaluateOptions, command: Command): Promise<void> {
  const model = loadModel(resolve(options.model));
  const asked = options.from !== undefined || options.to !== undefined;
  if (asked && model.columns.time === undefined)
    command.error('error: --from and --to need a model trained with --time', { exitCode: 2 });
  const whole = readTableFile(resolve(options.data), readAsText(model.factors, model.columns));
  const { table, left } = selectPeriods(whole, model, options);
  const { tf } = await openBackend(options.backend);
  const known = scoreWarnings(model, table);
  const scored = scoreForMeasure(tf, model, table);
  const evaluation = evaluateScored(model, scored);
  const warnings = [...left, ...known.map(({ text }) => text.en), ...evaluationWarnings(model, scored.rows)];
  const out = resolve(options.out ?? options.model);
  mkdirSync(out, { recursive: true });
  const json = `${JSON.stringify({ ...evaluation, warnings }, null, 2)}\n`;
  const markdown = evaluationMarkdown(evaluation, warnings);
  writeFileSync(join(out, 'evaluation.json'), json);
  writeFileSync(join(out, 'evaluation.md'), markdown);
  process.stdout.write(options.json === true ? json : markdown);
}

/** Rows after training where the data has any (else all: groups of the training are measured out of fold). */
function selectPeriods(
  table: Table,
  { columns: { time, step }, trainedOn }: UnderwritingModel,
  { from, to }: EvaluateOptions,
): { readonly table: Table; readonly left: readonly string[] } {
  if (time === undefined) return { table, left: [] };
  if (from !== undefined || to !== undefined) requireColumn(table, 'time', time);
  if (!table.columns.includes(time)) return { table, left: [] };
  const times = timesOf(table, time, step);
  const within = rowsWithin(table, time, { from, to });
  const onlyLater = from === undefined && times.some((value) => value > trainedOn.to);
  const rows = Array.from(times.keys());
  const kept = rows.filter((row) => within(row) && !(onlyLater && times[row]! <= trainedOn.to));
  const undated = rows.filter((row) => Number.isNaN(times[row]!)).length;
  const other = table.rows - kept.length - undated;
  return {
    table: pickRows(table, kept),
    left: [
      ...(other > 0 ? [`${other} rows of other periods left out`] : []),
      ...(undated > 0 ? [`${undated} rows without a period left out`] : []),
    ],
  };
}

function createProgress(quiet: boolean): { update: (progress: TrainingProgress) => void; stop: () => void } {
  if (quiet) {
    let last = '';
    return {
      update: ({ stage, done, of }) => {
        const line = `${stage} ${done}/${of}`;
        if (line !== last) process.stderr.write(`${line}\n`);
        last = line;
      },
      stop: () => undefined,
    };
  }
  const bar = new cliProgress.SingleBar({
    format: '{stage} [{bar}] {value}/{total} {note}',
    stream: process.stderr,
    hideCursor: true,
  });
  let started = false;
  return {
    update: ({ stage, done, of, note }) => {
      if (!started) bar.start(of, done, { stage, note });
      started = true;
      bar.setTotal(of);
      bar.update(done, { stage, note });
    },
    stop: () => bar.stop(),
  };
}

function backendOption(): Option {
  return new Option('--backend <name>', 'default: the best that loads').choices(['native', 'wasm', 'cpu']);
}

function periodOption(text: string): string {
  if (readPeriod(text) === null && (text.trim() === '' || !Number.isFinite(Number(text))))
    throw new InvalidArgumentError(`a period: ${PERIOD_FORMS}, or a plain number`);
  return text.trim();
}

function seedOption(text: string): number {
  if (text.trim() === '' || !Number.isFinite(Number(text))) throw new InvalidArgumentError('a number');
  return Number(text);
}

function orNone(text: string | undefined): string | null | undefined {
  return text === 'none' ? null : text;
}
