import { periodName } from './periods';
import type { UnderwritingModel } from './model';

/** Model card (Mitchell et al. 2019) in Markdown: what it is for, what it learnt from, how it errs, what it must not do. */
export function modelCard(model: UnderwritingModel): string {
  const { trainedOn, columns, members, settings, shape, pairs, encoding } = model;
  const top = model.importance.slice(0, 20);
  const silent = model.importance.filter(({ belowNoise }) => belowNoise).map(({ code }) => code);
  const monotone = encoding.factors.filter((factor) => factor.monotone !== undefined);
  return `# Model card: underwriting model ${model.version}

## Purpose
Forecast of \`${columns.target}\`${columns.exposure === undefined ? '' : ` per \`${columns.exposure}\``} for groups (\`${columns.group ?? 'single rows'}\`), with interval and reasons, for an underwriter who decides. ${aboutPersons(model)}

## Learnt from
${trainedOn.rows} rows, ${trainedOn.groups} groups${columns.time === undefined ? '' : `, periods ${periodName(trainedOn.from, columns.step)} to ${periodName(trainedOn.to, columns.step)}`}, seed ${trainedOn.seed}. ${columns.index === undefined ? 'No price level divided out.' : `Price level \`${columns.index}\` divided out beforehand.`}

## Form
${model.family === 'poisson' ? 'Poisson' : `Tweedie (power ${model.power})`} deviance, log link; ${encoding.factors.length} factors as ${encoding.columns.length} inputs (piecewise-linear, ${settings.bins} bins), ${pairs.length} pair products; ${shape.hidden[0] === 0 ? 'additive' : `network ${shape.hidden.join('-')}`}${shape.compete ? '; rows of one programme compete' : ''}; ${members.length} members on ${model.folds} rotating folds of groups, rebased${model.trees === undefined ? '' : `; boosted trees with weight ${model.trees.weight} beside the networks`}. Monotone: ${monotone.length === 0 ? 'none declared' : monotone.map(({ code, monotone: way }) => `${code} ${way}`).join(', ')}.

${model.search.length === 0 ? '' : `Held-out deviance in the search of settings: ${model.search.map(({ name, deviance }) => `${name} ${fixed(deviance)}`).join(', ')}.\n\n`}Experience: ${model.panel.cells.group.length} cells; variance of group ${fixed(model.panel.kernels.group.variance)}, entity ${fixed(model.panel.kernels.entity.variance)}, cell ${fixed(model.panel.kernels.cell.variance)}. Cohort levels: new business ${fixed(model.levels.newBusiness)}, renewals ${fixed(model.levels.renewal)}.

## Influence (share of mean absolute contribution)
${top.map(({ code, share }) => `- ${code}: ${(100 * share).toFixed(1)} %`).join('\n')}

No more influence than pure noise, not shown as influence: ${silent.length === 0 ? 'none' : silent.join(', ')}.

## Limits
- Valid inside the ranges of the training; a quote outside them carries a warning.
- Intervals (${Math.round(100 * model.intervals.level)} %) are calibrated on whole groups, apart for new business and renewals and by size; they hold while the market moves as it did in training.
- Contributions tell what the model does, not what causes claims.
- Noise of the totals themselves cannot be forecast: small groups stay uncertain whatever the model.

## Warnings of the training
${model.warnings.length === 0 ? '- none' : model.warnings.map((warning) => `- ${warning}`).join('\n')}
`;
}

/** Whether rows stand for groups of people, and what follows where they do not. */
function aboutPersons({ columns, trainedOn: { typicalExposure } }: UnderwritingModel): string {
  if (columns.exposure !== undefined && (typicalExposure === undefined || typicalExposure > 1))
    return 'Not for decisions about single persons: a row carries the exposure of several, and no factor describes one.';
  const what =
    typicalExposure === undefined
      ? 'no exposure is given'
      : `the middle row has an exposure of ${fixed(typicalExposure)}`;
  return `Rows are single persons or risks (${what}), and factors may describe one person: the forecast is the mean of people like this one and says little of any one of them. It may add up to a price of a group; it must not decide on cover, price or care of one person, and data of this kind is personal.`;
}

function fixed(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
