import { toldCells } from './history-columns';
import type { UnderwritingModel } from './model';
import type { Credibility, Experience } from './panel';
import { experienceBefore, indexPanel, predictExperience, smoothExperience } from './panel';
import type { ModelRows } from './rows';
import { shortestGap } from './sets';

/** What experience does to each row. */
export interface AppliedExperience {
  readonly effect: Float64Array;
  readonly entityEffect: Float64Array;
  readonly weight: Float64Array;
  /** 1 where the row's group has experience (a renewal), 0 for new business. */
  readonly renewal: Uint8Array;
}

type PanelModel = Pick<UnderwritingModel, 'panel' | 'panelGroups' | 'panelEntities' | 'history'>;

const panelIndexes = new WeakMap<object, ReturnType<typeof buildIndex>>();

function buildIndex(model: PanelModel) {
  return {
    rows: indexPanel(model.panel),
    groups: new Map(model.panelGroups.map((name, code) => [name, code])),
    entities: new Map(model.panelEntities.map((name, code) => [name, code])),
    step: shortestGap(model.panel.cells.time),
  };
}

/**
 * Experience of each row's group before the row's own period: the panel of earlier rows, and what the row's history
 * columns tell of the period before where the panel does not have it. A row never learns from its own period or a later
 * one, and from none twice.
 *
 * @param only - the one period that is asked for; rows of others stay without an effect
 */
export function applyExperience(
  model: PanelModel,
  rows: ModelRows,
  expected: Float64Array,
  only?: number,
): AppliedExperience {
  let index = panelIndexes.get(model.panel);
  if (index === undefined) panelIndexes.set(model.panel, (index = buildIndex(model)));
  const n = rows.table.rows;
  const out: AppliedExperience = {
    effect: new Float64Array(n),
    entityEffect: new Float64Array(n),
    weight: new Float64Array(n),
    renewal: new Uint8Array(n),
  };
  const { sets, entityOf, entities, groupOf, groups, time } = rows.keyed;
  const entityCode = entities.map((name) => index.entities.get(name) ?? -1);
  const entityIds = entityOf.map((code) => (code < 0 ? -1 : entityCode[code]!));
  for (let set = 0; set < sets.count; set++) {
    const own = sets.rows.subarray(sets.start[set]!, sets.start[set + 1]!);
    const first = own[0]!;
    if (only !== undefined && time[first] !== only) continue;
    const code = groupOf[first]! < 0 ? undefined : index.groups.get(groups[groupOf[first]!]!);
    let experience: Experience | null = null;
    if (code !== undefined) experience = experienceBefore(model.panel, index.rows.get(code), time[first]!);
    const before = time[first]! - index.step;
    if (model.history !== null && isNewer(before, experience, index.step)) {
      const told = toldCells(model.history, rows.table, own, expected, rows.exposure, entityIds);
      if (told.length > 0) experience = smoothExperience(model.panel, told, before, experience);
    }
    const found: Credibility[] = predictExperience(
      model.panel,
      experience,
      Array.from(own, (row) => entityIds[row]!),
      time[first]!,
    );
    own.forEach((row, k) => {
      out.effect[row] = found[k]!.effect;
      out.entityEffect[row] = found[k]!.entityEffect;
      out.weight[row] = found[k]!.weight;
      out.renewal[row] = experience === null ? 0 : 1;
    });
  }
  return out;
}

/** Whether a period lies behind all that an experience tells of. */
function isNewer(period: number, experience: Experience | null, step: number): boolean {
  return experience === null || Array.from(experience.time).every((time) => time < period - step / 2);
}
