import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Backend } from '../models/underwriting/backend';
import { openBackend } from '../models/underwriting/backend';
import { parseCatalogue } from '../models/underwriting/catalogue';
import type { Evaluation } from '../models/underwriting/evaluate';
import { evaluateScored } from '../models/underwriting/evaluate';
import { evaluationMarkdown } from '../models/underwriting/evaluation-report';
import type { UnderwritingModel } from '../models/underwriting/model';
import { loadModel } from '../models/underwriting/model-files';
import { quantileOf } from '../models/underwriting/quantiles';
import { quoteRows } from '../models/underwriting/quote';
import { scoreTable } from '../models/underwriting/score';
import { foldOf, keyRows } from '../models/underwriting/sets';
import type { Table } from '../models/underwriting/table';
import { levelsOf, numbersOf, pickRows } from '../models/underwriting/table';
import { readFileBytes, readTableFile } from '../models/underwriting/table-file';
import { trainModel } from '../models/underwriting/train';

/** `npm run bench:underwriting [-- --no-train] [-- --quick]`: accuracy, coverage and speed into docs/underwriting.md. */

const DATA = join('data', 'underwriting');
const TEST_YEAR = 2024;
const REAL = [
  { name: 'RAND visits', folder: 'rand', target: 'mdvis', group: 'family' },
  { name: 'MEPS drugs', folder: 'meps', target: 'drugexp', group: 'person' },
];

interface Speed {
  readonly backend: string;
  readonly rowsPerSecond: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { 'no-train': { type: 'boolean' }, quick: { type: 'boolean' }, out: { type: 'string', default: 'docs' } },
  });
  const backend = await openBackend();
  const model = loadModel(join(DATA, 'model'));
  const book = readTableFile(join(DATA, 'portfolio.csv.gz'));
  const test = where(book, (row, year) => year[row] === TEST_YEAR);
  const evaluation = evaluateScored(model, scoreTable(backend.tf, model, test));
  const quotes = quoteSpeed(model, test, backend);
  const speeds = await scoringSpeeds(model, book);
  const native = await openBackend(backend.name);
  const training = values['no-train'] === true ? null : await trainingTime(native, book);
  const real = values['no-train'] === true ? [] : await realData(native, values.quick === true);
  const result = {
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'cpu'}, Node ${process.version}`,
    evaluation,
    quotes,
    speeds,
    training,
    real,
  };
  mkdirSync(join('bench', 'results'), { recursive: true });
  writeFileSync(join('bench', 'results', 'underwriting.json'), `${JSON.stringify(result, null, 2)}\n`);
  const markdown = report(result);
  writeFileSync(join(values.out, 'underwriting.md'), markdown);
  process.stdout.write(markdown);
}

interface QuoteSpeed {
  readonly name: string;
  readonly quotes: number;
  readonly p50: number;
  readonly p99: number;
  /** Milliseconds of processor: what a machine busy with other work does not change. */
  readonly cpuP50: number;
}

/** 1,000 quotes of one contract's programme each, contributions included, in process, plain loop. */
function quoteSpeed(model: UnderwritingModel, test: Table, { tf }: Backend) {
  const { sets } = keyRows(test, model.columns);
  const programmes = Array.from({ length: sets.count }, (_, set) =>
    sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!),
  )
    .filter((rows) => rows.length >= 14 && rows.length <= 16)
    .map((rows) => pickRows(test, rows));
  const renewals = programmes.filter((table) => quoteRows(model, table).renewal);
  const fresh = programmes.filter((table) => !renewals.includes(table));
  const tensors = tf.memory().numTensors;
  const memory = process.memoryUsage().rss;
  const speeds = [
    timeQuotes('renewals', model, renewals, 1000),
    timeQuotes('new business', model, fresh, 1000),
    timeQuotes('as they come in the book', model, programmes, 1000),
  ];
  return {
    speeds,
    tensorsLeft: tf.memory().numTensors - tensors,
    rssGrowthMb: (process.memoryUsage().rss - memory) / 2 ** 20,
  };
}

function timeQuotes(name: string, model: UnderwritingModel, programmes: readonly Table[], quotes: number): QuoteSpeed {
  const walls = new Float64Array(quotes);
  const cpus = new Float64Array(quotes);
  for (let i = 0; i < 30; i++) quoteRows(model, programmes[i % programmes.length]!);
  for (let i = 0; i < quotes; i++) {
    const cpu = process.cpuUsage();
    const started = performance.now();
    quoteRows(model, programmes[i % programmes.length]!);
    walls[i] = performance.now() - started;
    const { user, system } = process.cpuUsage(cpu);
    cpus[i] = (user + system) / 1000;
  }
  walls.sort();
  cpus.sort();
  return { name, quotes, p50: quantileOf(walls, 0.5), p99: quantileOf(walls, 0.99), cpuP50: quantileOf(cpus, 0.5) };
}

async function scoringSpeeds(model: UnderwritingModel, book: Table): Promise<Speed[]> {
  const speeds: Speed[] = [];
  for (const name of ['native', 'wasm', 'cpu'] as const) {
    const opened = await openBackend(name).catch(() => null);
    if (opened === null) continue;
    const table =
      name === 'cpu'
        ? pickRows(
            book,
            Array.from({ length: 2000 }, (_, row) => row),
          )
        : book;
    scoreTable(
      opened.tf,
      model,
      pickRows(
        book,
        Array.from({ length: 500 }, (_, row) => row),
      ),
    );
    const started = performance.now();
    scoreTable(opened.tf, model, table);
    speeds.push({ backend: name, rowsPerSecond: (1000 * table.rows) / (performance.now() - started) });
  }
  return speeds;
}

async function trainingTime(backend: Backend, book: Table) {
  const factors = parseCatalogue(readFileBytes(join(DATA, 'factors.csv')));
  const started = performance.now();
  const cpu = process.cpuUsage();
  const trained = await trainModel(backend, book, {
    factors,
    target: 'payout_rub',
    exposure: 'person_years',
    group: 'contract_no',
    time: 'year',
  });
  const used = process.cpuUsage(cpu);
  return {
    rows: trained.trainedOn.rows,
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (used.user + used.system) / 1e6,
    backend: backend.name,
  };
}

async function realData(backend: Backend, quick: boolean) {
  const results = [];
  for (const { name, folder, target, group } of REAL) {
    const factors = parseCatalogue(readFileBytes(join(DATA, folder, 'factors.csv')));
    const table = readTableFile(join(DATA, folder, 'data.csv.gz'));
    const { codes, levels } = levelsOf(table, group);
    const held = levels.map((level) => foldOf(level, 5, 2026) === 0);
    const train = where(table, (row) => !held[codes[row]!]);
    const test = where(table, (row) => held[codes[row]!]!);
    const model = await trainModel(backend, train, { factors, target, group, effort: quick ? 'quick' : 'full' });
    const { rowDeviance, segments } = evaluateScored(model, scoreTable(backend.tf, model, test));
    results.push({ name, rows: test.rows, family: model.family, rowDeviance, coverage: segments[0]!.coverage });
  }
  return results;
}

function where(table: Table, keep: (row: number, year: Float64Array) => boolean): Table {
  const year = numbersOf(table, 'year');
  return pickRows(
    table,
    Array.from({ length: table.rows }, (_, row) => row).filter((row) => keep(row, year)),
  );
}

interface Result {
  readonly machine: string;
  readonly evaluation: Evaluation;
  readonly quotes: ReturnType<typeof quoteSpeed>;
  readonly speeds: readonly Speed[];
  readonly training: Awaited<ReturnType<typeof trainingTime>> | null;
  readonly real: Awaited<ReturnType<typeof realData>>;
}

function report({ machine, evaluation, quotes, speeds, training, real }: Result): string {
  const realLines = real.map(
    ({ name, rows, rowDeviance, coverage }) =>
      `| ${name} | ${rows} | ${rowDeviance.model.toFixed(4)} | ${rowDeviance.glm.toFixed(4)} | ${rowDeviance.tariff.toFixed(4)} | ${rowDeviance.constant.toFixed(4)} | ${(100 * coverage).toFixed(1)} % |`,
  );
  return `# Underwriting: measured

Written by \`npm run bench:underwriting\` on ${machine}. Rivals and choices: [underwriting-comparison.md](underwriting-comparison.md).

## Speed

| what | measured | aim |
|---|---|---|
${quotes.speeds.map(quoteLine).join('\n')}
| tensors left after the quotes; growth of memory | ${quotes.tensorsLeft}; ${quotes.rssGrowthMb.toFixed(0)} MB | 0 |
${speeds.map(({ backend, rowsPerSecond }) => `| rows scored a second, ${backend} (encoding and experience included) | ${Math.round(rowsPerSecond)} | ${backend === 'native' ? '50,000' : '–'} |`).join('\n')}
${training === null ? '' : `| training, ${training.rows} rows, search included, ${training.backend} | ${training.seconds.toFixed(0)} s (${training.cpuSeconds.toFixed(0)} s of processor) | < 300 s |`}

${
  real.length === 0
    ? ''
    : `## Real data, fifth of the groups held out

| data | test rows | model | GLM | tariff | constant | 90 % interval covers |
|---|---|---|---|---|---|---|
${realLines.join('\n')}
`
}
${evaluationMarkdown(evaluation).replace('# Evaluation of model', '## Portfolio 2024, model').replaceAll('\n## ', '\n### ')}`;
}

function quoteLine({ name, quotes, p50, p99, cpuP50 }: QuoteSpeed): string {
  return `| quote of 14-16 clinics with contributions (integrated gradients), ${name}, ${quotes} in process | p50 ${p50.toFixed(1)} ms (processor ${cpuP50.toFixed(1)} ms), p99 ${p99.toFixed(1)} ms | p99 < 100 ms (integrated gradients) |`;
}

void main();
