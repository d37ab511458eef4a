import type { UnderwritingModel } from './model';
import type { ModelRows } from './rows';
import { seenInTraining } from './score';

/** What a reader of an evaluation has to know of its rows: what was left out or changed, and what the training has had. */
export function evaluationWarnings(model: UnderwritingModel, rows: ModelRows): string[] {
  const { target } = model.columns;
  const seen = seenInTraining(model, rows).reduce((sum, one) => sum + one, 0);
  const noTotal = rows.total.reduce((sum, total) => sum + (Number.isNaN(total) ? 1 : 0), 0);
  const negative = rows.total.reduce((sum, total) => sum + (total < 0 ? 1 : 0), 0);
  return [
    ...(seen > 0
      ? [
          `${seen} of ${rows.table.rows} rows belong to groups and periods of the training: forecast by the members that never saw them; the tariffs and the GLM beside have`,
        ]
      : []),
    ...(noTotal > 0 ? [`${noTotal} rows without ${target} left out`] : []),
    ...(negative > 0 ? [`${negative} rows with negative ${target} counted as 0`] : []),
  ];
}
