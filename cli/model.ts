import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { dirname, join, resolve } from 'node:path';
import cliProgress from 'cli-progress';
import type { Command } from 'commander';
import type { BackendName } from '../models/underwriting/backend';
import { openBackend } from '../models/underwriting/backend';
import { parseCatalogue } from '../models/underwriting/catalogue';
import { evaluateScored } from '../models/underwriting/evaluate';
import { evaluationMarkdown } from '../models/underwriting/evaluation-report';
import { modelCard } from '../models/underwriting/model-card';
import { loadCheckpoint, loadModel, saveCheckpoint, saveModel } from '../models/underwriting/model-files';
import { predictionLines, scoreForMeasure, scoreTable } from '../models/underwriting/score';
import type { Table } from '../models/underwriting/table';
import { readFileBytes, readTableFile } from '../models/underwriting/table-file';
import { readTableText } from '../models/underwriting/table-text';
import { timesOf } from '../models/underwriting/rows';
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
    .option('--time <column>', 'period; without it folds by group are the only split')
    .option('--train-until <period>', 'last period to learn from')
    .option('--entity <column>', 'the other side of a row (clinic); “none” for none (default: found in the data)')
    .option('--index <column>', 'price level divided out beforehand; “none” for none (default: found in the data)')
    .option('--seed <number>', 'seed of folds and weights', '1')
    .option('--effort <level>', 'full, or quick: one rotation and no search of settings', 'full')
    .option('--backend <name>', 'native, wasm or cpu (default: the best that loads)')
    .option('--quiet', 'no progress')
    .action(trainCommand);
  model
    .command('score')
    .description('forecast rows: keys, prediction, lower, upper (bounds add up to the bounds of the contract)')
    .requiredOption('--model <folder>', 'a trained model')
    .requiredOption('--data <csv>', 'rows with the factors, .csv or .csv.gz')
    .requiredOption('--out <csv>', 'predictions')
    .option('--backend <name>', 'native, wasm or cpu')
    .action(scoreCommand);
  model
    .command('evaluate')
    .description('measure a model on rows with known totals, beside tariff, experience rating and GLM')
    .requiredOption('--model <folder>', 'a trained model')
    .requiredOption('--data <csv>', 'rows with factors and target, .csv or .csv.gz')
    .option('--from <period>', 'first period to measure (default: the first after training, if the data has one)')
    .option('--to <period>', 'last period to measure')
    .option('--out <folder>', 'where evaluation.json and evaluation.md go (default: the model folder)')
    .option('--json', 'print JSON instead of Markdown')
    .option('--backend <name>', 'native, wasm or cpu')
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
  readonly seed: string;
  readonly effort: string;
  readonly backend?: BackendName;
  readonly quiet?: boolean;
}

async function trainCommand(options: TrainOptions): Promise<void> {
  const out = resolve(options.out);
  const factorBytes = readFileBytes(resolve(options.factors));
  const dataBytes = readFileBytes(resolve(options.data));
  const factors = parseCatalogue(factorBytes);
  const effort = options.effort === 'quick' ? 'quick' : 'full';
  const request = {
    factors,
    target: options.target,
    exposure: options.exposure,
    group: options.group,
    time: options.time,
    trainUntil: options.trainUntil === undefined ? undefined : numberOption('train-until', options.trainUntil),
    entity: orNone(options.entity),
    index: orNone(options.index),
    seed: numberOption('seed', options.seed),
    effort,
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
    const model = await trainModel(backend, readTableText(dataBytes), request, control);
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
  const table = readTableFile(resolve(options.data));
  const { tf } = await openBackend(options.backend);
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

async function evaluateCommand(options: EvaluateOptions): Promise<void> {
  const model = loadModel(resolve(options.model));
  const table = selectPeriods(readTableFile(resolve(options.data)), model.columns.time, model.trainedOn.to, options);
  const { tf } = await openBackend(options.backend);
  const evaluation = evaluateScored(model, scoreForMeasure(tf, model, table));
  const out = resolve(options.out ?? options.model);
  mkdirSync(out, { recursive: true });
  const json = `${JSON.stringify(evaluation, null, 2)}\n`;
  const markdown = evaluationMarkdown(evaluation);
  writeFileSync(join(out, 'evaluation.json'), json);
  writeFileSync(join(out, 'evaluation.md'), markdown);
  process.stdout.write(options.json === true ? json : markdown);
}

/** Rows after training where the data has any (else all: groups of the training are measured out of fold). */
function selectPeriods(table: Table, column: string | undefined, trainedTo: number, options: EvaluateOptions): Table {
  if (column === undefined || !table.columns.includes(column)) return table;
  const times = timesOf(table, column);
  const later = times.some((time) => time > trainedTo);
  const from = options.from === undefined ? (later ? trainedTo + 1e-9 : -Infinity) : numberOption('from', options.from);
  const to = options.to === undefined ? Infinity : numberOption('to', options.to);
  return pickRows(
    table,
    Array.from({ length: table.rows }, (_, row) => row).filter((row) => times[row]! >= from && times[row]! <= to),
  );
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

function numberOption(name: string, text: string): number {
  const date = /^(\d{4})-(\d{2})/.exec(text);
  const value = date === null ? Number(text) : Number(date[1]) + (Number(date[2]) - 1) / 12;
  if (!Number.isFinite(value)) throw new Error(`--${name}: “${text}” is not a number`);
  return value;
}

function orNone(text: string | undefined): string | null | undefined {
  return text === 'none' ? null : text;
}
