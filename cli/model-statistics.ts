import { resolve } from 'node:path';
import type { Command } from 'commander';
import { accumulatedEffects } from '../models/underwriting/ale';
import { openBackend } from '../models/underwriting/backend';
import { cutStatistics } from '../models/underwriting/cuts';
import { loadModel } from '../models/underwriting/model-files';
import { scoreTable } from '../models/underwriting/score';
import { readAsText } from '../models/underwriting/spec';
import { readTableFile } from '../models/underwriting/table-file';
import { print } from './with-database';

interface StatisticsFlags {
  readonly model: string;
  readonly data: string;
  readonly factor: string;
  readonly json?: boolean;
}

/** `medex model effects` and `medex model cuts`: what a factor does to the price, and what was paid in each of its cuts. */
export function registerModelStatistics(model: Command): void {
  model
    .command('effects')
    .description('накопленные локальные эффекты фактора / accumulated local effects of a factor')
    .requiredOption('--model <dir>', 'model folder')
    .requiredOption('--data <file>', 'rows to average over, CSV or CSV.gz')
    .requiredOption('--factor <code>', 'factor code')
    .option('--json', 'one JSON document')
    .action(effects);
  model
    .command('cuts')
    .description('выплаты и прогноз в срезах фактора или пары / paid and forecast in cuts of a factor or a pair')
    .requiredOption('--model <dir>', 'model folder')
    .requiredOption('--data <file>', 'rows with what was paid, CSV or CSV.gz')
    .requiredOption('--factor <codes>', 'one code, or two separated by a comma')
    .option('--json', 'one JSON document')
    .action(cuts);
}

async function effects(flags: StatisticsFlags): Promise<void> {
  const model = loadModel(resolve(flags.model));
  const { tf } = await openBackend();
  const points = accumulatedEffects(
    tf,
    model,
    readTableFile(resolve(flags.data), readAsText(model.factors, model.columns)),
    flags.factor,
  );
  const lines = points.map(
    ({ value, effect, rows, exposure }) =>
      `${value.padEnd(20)} x${effect.toFixed(3)}  rows ${rows}, exposure ${exposure.toFixed(0)}`,
  );
  print(flags.json, points, lines.join('\n'));
}

async function cuts(flags: StatisticsFlags): Promise<void> {
  const model = loadModel(resolve(flags.model));
  const { tf } = await openBackend();
  const scored = scoreTable(tf, model, readTableFile(resolve(flags.data), readAsText(model.factors, model.columns)));
  const cells = cutStatistics(scored, model.factors, flags.factor.split(','));
  const lines = cells.map(
    ({ cut, exposure, rate, ratio, ratioLow, ratioHigh }) =>
      `${cut.join(' x ').padEnd(30)} exposure ${exposure.toFixed(0)}, paid a year ${rate.toFixed(0)}, ` +
      `paid/forecast ${ratio.toFixed(3)} [${ratioLow.toFixed(3)}, ${ratioHigh.toFixed(3)}]`,
  );
  print(flags.json, cells, lines.join('\n'));
}
