import { existsSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { InvalidArgumentError, type Command } from 'commander';
import { csvLine } from '../models/exchange/csv-writer';
import { alertText, type Language } from '../models/fraud/evidence-text';
import { DEFAULT_FALSE_DISCOVERY_RATE } from '../models/fraud/rank';
import { fitFraud } from '../models/fraud/scoring';
import type { FraudAlert } from '../models/fraud/types';
import type { FraudWorld } from '../models/fraud/world';
import { commentEvidence } from '../models/feedback/comments/evidence';
import { loadCommentModel, saveCommentModel } from '../models/feedback/comments/store';
import { parseLabelled } from '../models/feedback/comments/templates';
import { loadTensorflow } from '../models/feedback/comments/tensorflow';
import { trainComments } from '../models/feedback/comments/train';
import { createFileSpools } from '../activities/fraud-scoring/file-spools';
import { createLineKeys, writeLineScores } from './fraud-lines';
import { readFraudWorld } from './fraud-world';
import { writeText } from './write-text';

/** Root of the installed product: the folder of package.json, from the sources as well as from dist/. */
function productRoot(): string {
  let folder = __dirname;
  while (!existsSync(path.join(folder, 'package.json'))) folder = path.dirname(folder);
  return folder;
}

export function commentData(): string {
  return path.join(productRoot(), 'data', 'comments');
}

function atLeast(minimum: number) {
  return (text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || value < minimum) throw new InvalidArgumentError(`a number of ${minimum} or more`);
    return value;
  };
}

interface ScoreArguments {
  world: string;
  out: string;
  lines: string;
  units?: string;
  capacity?: number;
  fdr: number;
  watch: number;
  lang: Language;
}

/** Adds `medex fraud score` and `medex fraud train-comments` to the program. */
export function registerFraudCommands(program: Command): void {
  const fraud = program.command('fraud').description('приписки и завышение: оценка без сервера / fraud models offline');
  fraud
    .command('score')
    .description('сигналы по клиникам и врачам и вероятность неоказания по строкам / alerts and line posteriors')
    .requiredOption('--world <dir>', 'папка мира / world folder')
    .requiredOption('--out <file>', 'сигналы / alerts (CSV)')
    .requiredOption('--lines <file>', 'вероятности по строкам / line posteriors (CSV)')
    .option('--units <file>', 'оценки всех клиник и врачей / scores of every clinic and doctor (CSV)')
    .option('--capacity <n>', 'сколько дел могут вести расследователи / cases to open at most', atLeast(0))
    .option(
      '--fdr <share>',
      'допустимая доля ложных дел / limit of false cases',
      atLeast(0),
      DEFAULT_FALSE_DISCOVERY_RATE,
    )
    .option(
      '--watch <score>',
      'с какой оценки показывать тех, по кому дело не открыто / least score of units listed without a case',
      atLeast(0),
      LISTED_FROM,
    )
    .option('--lang <ru|en>', 'язык пояснений / language of the evidence', 'ru')
    .action(async (options: ScoreArguments) => {
      await runScore(options);
    });
  fraud
    .command('train-comments')
    .description('обучить модель комментариев на данных из поставки / train the comment model on the shipped data')
    .requiredOption('--out <dir>', 'куда записать модель / folder of the model')
    .option('--each <n>', 'предложений на шаблон / sentences a template', atLeast(1), 24)
    .option('--epochs <n>', 'эпох / epochs', atLeast(1), 6)
    .option('--seed <n>', 'зерно / seed', atLeast(0), 7)
    .action(async (options: { out: string; each: number; epochs: number; seed: number }) => {
      const data = commentData();
      const tf = await loadTensorflow();
      const started = Date.now();
      const model = trainComments(tf, {
        templates: parseLabelled(readFileSync(path.join(data, 'templates.tsv'), 'utf8')),
        slots: JSON.parse(readFileSync(path.join(data, 'slots.json'), 'utf8')) as Record<string, string[]>,
        each: options.each,
        epochs: options.epochs,
        seed: options.seed,
        version: `templates-${options.each}x${options.epochs}-${options.seed}`,
      });
      saveCommentModel(options.out, model);
      console.log(`comment model: ${options.out} (${tf.getBackend()}, ${Math.round((Date.now() - started) / 1000)} s)`);
    });
}

/** Lines pass through in parts and come out in the order of the file; neither is ever whole in memory. */
async function runScore(options: ScoreArguments): Promise<void> {
  const model = loadCommentModel(path.join(commentData(), 'model'));
  const spools = createFileSpools();
  try {
    const keys = createLineKeys(spools.openFiles(1)[0]!);
    const { world, unread } = await readFraudWorld(options.world, {
      spools,
      classify: (text) => commentEvidence(model, text),
      onLine: keys.add,
    });
    for (const [file, count] of Object.entries(unread)) {
      if (count > 0) console.error(`${file}: ${count} rows could not be read and were left out`);
    }
    const { book } = world;
    const scoring = fitFraud(book);
    const stray = world.strayAnswers + scoring.strayAnswers;
    if (stray > 0) console.error(`feedback.csv: ${stray} answers name no billed line`);
    await writeLineScores(options.lines, keys, spools, book, scoring);
    const alerts = scoring.alerts({ capacity: options.capacity, falseDiscoveryRate: options.fdr });
    const shown = alerts.filter(({ decision, score }) => decision === 'open' || score >= options.watch);
    await writeAlerts(options.out, world, shown, options.lang);
    if (options.units !== undefined) await writeAlerts(options.units, world, alerts, options.lang);
    const opened = shown.filter((alert) => alert.decision === 'open').length;
    console.log(`${opened} cases to open, ${shown.length - opened} to watch; ${book.lines} lines scored`);
  } finally {
    spools.close();
  }
}

/**
 * Units below it are rather innocent: an alert costs an investigator's time. On re-planted worlds the list then holds
 * nearly all schemes and, at twice their number, more than nine tenths of it are right (docs/fraud.md).
 */
const LISTED_FROM = 0.3;
const ALERT_HEADER = 'rank,clinic_code,doctor_id,scheme,score,expected_rub,evidence,decision\n';
const CODES = new Set([1, 2]);

async function writeAlerts(
  file: string,
  world: FraudWorld,
  alerts: readonly FraudAlert[],
  language: Language,
): Promise<void> {
  await writeText(file, function* () {
    yield ALERT_HEADER;
    for (const [i, alert] of alerts.entries()) {
      yield csvLine(
        [
          i + 1,
          world.clinicCodes[alert.clinic]!,
          alert.doctor < 0 ? null : world.doctorCodes[alert.doctor]!,
          alert.scheme,
          alert.score.toFixed(6),
          (alert.expected / 100).toFixed(2),
          alertText(alert, language),
          alert.decision,
        ],
        CODES,
      );
    }
  });
}
