import type { Evaluation, ModelName, SegmentFigures } from './evaluate';
import { MODEL_NAMES } from './evaluate';
import type { Estimate } from './metrics';

const NAMES: Readonly<Record<ModelName, string>> = {
  model: 'Model',
  experience: 'Experience-rated tariff',
  glm: 'GLM',
  tariff: 'Manual tariff',
  constant: 'Constant',
};

/** The evaluation as Markdown tables, what has to be known of its rows first. */
export function evaluationMarkdown(evaluation: Evaluation, warnings: readonly string[] = []): string {
  const segments = evaluation.segments.map(segmentTable).join('\n');
  const bands = evaluation.bands
    .map(
      ({ segment, groups, coverage, figures }) =>
        `| ${segment} | ${groups} | ${fixed(figures.model.error.value)} | ${fixed(figures.tariff.error.value)} | ${fixed(figures.model.ratio, 3)} | ${percent(coverage)} |`,
    )
    .join('\n');
  const worse = evaluation.cuts.filter((cut) => cut.worse);
  return `# Evaluation of model ${evaluation.version}

${evaluation.rows} rows. Error = sum over groups |paid - forecast| / sum paid, with 95 % bootstrap over groups; ratio = forecast / paid.

${warnings.length === 0 ? '' : `${warnings.map((warning) => `- ${warning}`).join('\n')}\n\n`}${segments}
## Size bands

| band | groups | model error | tariff error | ratio | coverage of 90 % interval |
|---|---|---|---|---|---|
${bands}

## Calibration

Paid / forecast in ten bands of forecast, with 95 % bootstrap over groups: ${evaluation.deciles.map(({ value, low, high }) => `${fixed(value, 3)}${Number.isNaN(low) ? '' : ` [${fixed(low, 2)}, ${fixed(high, 2)}]`}`).join(', ')}.

Row deviance (power ${evaluation.rowPower}): ${MODEL_NAMES.map((name) => `${NAMES[name]} ${Number(evaluation.rowDeviance[name].toPrecision(6))}`).join(', ')}.

## Cuts of 50 groups and more

${evaluation.cuts.length} cuts measured; worse than the tariff beyond noise: ${worse.length === 0 ? 'none' : worse.map(({ factor, cut, error, tariffError }) => `${factor} ${cut} (${fixed(error)} against ${fixed(tariffError)})`).join('; ')}.
`;
}

function segmentTable({ segment, groups, exposure, coverage, figures }: SegmentFigures): string {
  const lines = MODEL_NAMES.map((name) => {
    const own = figures[name];
    return `| ${NAMES[name]} | ${withBounds(own.error)} | ${fixed(own.ratio, 3)} | ${Number(own.rmse.toPrecision(4))} | ${fixed(own.gini, 3)} | ${Number(own.deviance.toPrecision(5))} |`;
  });
  return `## ${segment}: ${groups} groups, exposure ${Math.round(exposure)}, 90 % interval covers ${percent(coverage)}

| | error | ratio | RMSE of rate | Gini | deviance |
|---|---|---|---|---|---|
${lines.join('\n')}
`;
}

function withBounds({ value, low, high }: Estimate): string {
  return Number.isNaN(low) ? fixed(value) : `${fixed(value)} [${fixed(low)}, ${fixed(high)}]`;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function fixed(value: number, digits = 4): string {
  return Number.isFinite(value) ? value.toFixed(digits) : '–';
}
