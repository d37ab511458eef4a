import type { LocalizedText } from '../errors';
import { firstRows, setExposures, setTotals } from './groups';
import { unitDeviance } from './deviance';
import type { FactorDrift } from './drift';
import { measureDrift } from './drift';
import type { UnderwritingModel } from './model';
import { quantileOf, rankCorrelation } from './quantiles';
import { createRandom } from './random';
import type { Scored } from './score';
import { levelsOf } from './table';

export type GateCheckName = 'deviance' | 'total' | 'segments' | 'influence' | 'inputs';

export interface GateCheck {
  readonly name: GateCheckName;
  readonly passed: boolean;
  readonly value: number;
  readonly limit: number;
  readonly text: LocalizedText;
}

/** What the new model does to one contract's forecast. */
export interface PortfolioMove {
  readonly group: string;
  readonly champion: number;
  readonly challenger: number;
  readonly change: number;
}

export interface GateResult {
  readonly passed: boolean;
  readonly checks: readonly GateCheck[];
  /** Contracts whose forecast moves, largest first (at most 200), and the share that moves by more than 15 %. */
  readonly moves: readonly PortfolioMove[];
  readonly movedShare: number;
  readonly segments: readonly {
    readonly segment: string;
    readonly groups: number;
    readonly ratio: number;
    readonly low: number;
    readonly high: number;
  }[];
}

export interface GateLimits {
  readonly deviance: number;
  readonly total: number;
  readonly segment: number;
  readonly influence: number;
  /** PSI of a factor between the two trainings: a scaled or broken column stands far above any real drift. */
  readonly inputs: number;
}

export const GATE_LIMITS: GateLimits = { deviance: 0.005, total: 0.03, segment: 0.1, influence: 0.8, inputs: 1.5 };

/**
 * Champion against challenger on the same held-out rows: paired bootstrap over contracts of the relative deviance
 * (upper bound below +0.5 %), total and segment A/E, rank correlation of influences, and the challenger's inputs
 * against the champion's training. A model that learnt from a shuffled target or a scaled factor fails here.
 */
export function runGate(
  champion: { readonly model: UnderwritingModel; readonly scored: Scored },
  challenger: { readonly model: UnderwritingModel; readonly scored: Scored },
  limits: GateLimits = GATE_LIMITS,
): GateResult {
  const { rows } = challenger.scored;
  const paid = setTotals(rows, rows.total);
  const exposure = setExposures(rows, challenger.model.shape.compete);
  const [before, after] = [champion.scored.setPrediction, challenger.scored.setPrediction];
  const power = challenger.model.power;
  const loss = (forecast: Float64Array, set: number): number =>
    exposure[set]! * unitDeviance(paid[set]! / exposure[set]!, Math.max(forecast[set]! / exposure[set]!, 1e-9), power);
  const losses = Array.from(paid, (_, set) => [loss(before, set), loss(after, set)] as const);
  const worse = pairedUpper(losses);
  const total = sum(after) / Math.max(sum(paid), 1e-9) - 1;
  const segments = segmentRatios(challenger, paid, after);
  const off = segments.filter(({ low, high }) => low > 1 + limits.segment || high < 1 - limits.segment);
  const influence = influenceCorrelation(champion.model, challenger.model);
  const inputs = inputShift(champion.model, challenger.model, challenger.scored);
  const checks: GateCheck[] = [
    check('deviance', worse, limits.deviance, 'девианс хуже чемпиона', 'deviance against the champion'),
    check('total', Math.abs(total), limits.total, 'итог портфеля', 'total of the portfolio'),
    check('segments', off.length, 0, 'сегменты вне допуска', 'segments out of tolerance'),
    {
      ...check('influence', influence, limits.influence, 'согласие влияний факторов', 'agreement of influences'),
      passed: influence >= limits.influence,
    },
    check('inputs', inputs.psi, limits.inputs, `сдвиг входа ${inputs.code}`, `shift of the input ${inputs.code}`),
  ];
  const moves = movesOf(challenger.scored, before, after);
  return {
    passed: checks.every(({ passed }) => passed),
    checks,
    moves: moves.slice(0, 200),
    movedShare: moves.filter(({ change }) => Math.abs(change) > 0.15).length / Math.max(moves.length, 1),
    segments,
  };
}

function check(name: GateCheckName, value: number, limit: number, ru: string, en: string): GateCheck {
  const shown = Number(value.toPrecision(3));
  return {
    name,
    passed: value <= limit,
    value,
    limit,
    text: { ru: `${ru}: ${shown} (предел ${limit})`, en: `${en}: ${shown} (limit ${limit})` },
  };
}

/** Upper 95 % bound of the relative change of deviance, contracts drawn in pairs. */
function pairedUpper(losses: readonly (readonly [number, number])[]): number {
  const random = createRandom(99);
  const draws = Float64Array.from({ length: 400 }, () => {
    let a = 0;
    let b = 0;
    for (let i = 0; i < losses.length; i++) {
      const [x, y] = losses[Math.floor(random() * losses.length)]!;
      a += x;
      b += y;
    }
    return b / Math.max(a, 1e-12) - 1;
  }).sort();
  return quantileOf(draws, 0.95);
}

function segmentRatios(
  { model, scored }: { model: UnderwritingModel; scored: Scored },
  paid: Float64Array,
  forecast: Float64Array,
) {
  const heads = firstRows(scored.rows);
  const groups = new Map<string, number[]>();
  const put = (segment: string, set: number): void => {
    const own = groups.get(segment);
    if (own === undefined) groups.set(segment, [set]);
    else own.push(set);
  };
  heads.forEach((row, set) => put(scored.experience.renewal[row] === 1 ? 'renewal' : 'new business', set));
  for (const { code, kind } of model.factors) {
    if (kind !== 'category' || !scored.rows.table.columns.includes(code)) continue;
    const { codes, levels } = levelsOf(scored.rows.table, code);
    heads.forEach((row, set) => codes[row]! >= 0 && put(`${code} = ${levels[codes[row]!]}`, set));
  }
  const random = createRandom(7);
  return [...groups]
    .filter(([, sets]) => sets.length >= 30)
    .map(([segment, sets]) => {
      const ratio = (chosen: readonly number[]): number =>
        chosen.reduce((a, set) => a + forecast[set]!, 0) /
        Math.max(
          chosen.reduce((a, set) => a + paid[set]!, 0),
          1e-9,
        );
      const draws = Float64Array.from({ length: 100 }, () =>
        ratio(sets.map(() => sets[Math.floor(random() * sets.length)]!)),
      ).sort();
      return {
        segment,
        groups: sets.length,
        ratio: ratio(sets),
        low: quantileOf(draws, 0.01),
        high: quantileOf(draws, 0.99),
      };
    });
}

/** Spearman over the factors that stand above noise in either model. */
function influenceCorrelation(champion: UnderwritingModel, challenger: UnderwritingModel): number {
  const [a, b] = [champion, challenger].map(({ importance }) => new Map(importance.map((one) => [one.code, one])));
  const codes = [...new Set([...a!.keys(), ...b!.keys()])].filter(
    (code) => a!.get(code)?.belowNoise === false || b!.get(code)?.belowNoise === false,
  );
  if (codes.length < 3) return 1;
  const values = (map: ReadonlyMap<string, { readonly share: number }>): number[] =>
    codes.map((code) => map.get(code)?.share ?? 0);
  return rankCorrelation(values(a!), values(b!));
}

/** The largest shift of a factor: between the two trainings, and from the challenger's training to the scored rows. */
function inputShift(
  champion: UnderwritingModel,
  challenger: UnderwritingModel,
  scored: Scored,
): { code: string; psi: number } {
  const timed = new Set([challenger.columns.index]);
  const worst = (drift: readonly FactorDrift[]) =>
    drift.filter(({ code }) => !timed.has(code) && !isHistory(challenger, code))[0];
  const now = worst(measureDrift(challenger, scored.rows.table));
  const means = champion.profiles.flatMap((profile) => {
    const other = challenger.profiles.find(({ code }) => code === profile.code);
    if (other === undefined || profile.mean === null || other.mean === null || timed.has(profile.code)) return [];
    const [x, y] = [Math.abs(profile.mean), Math.abs(other.mean)];
    const scale = Math.max(x, y) / Math.max(Math.min(x, y), 1e-9);
    return x > 1e-6 || y > 1e-6 ? [{ code: profile.code, psi: scale > 20 ? scale : 0 }] : [];
  });
  return [...means, { code: now?.code ?? '', psi: now?.psi ?? 0 }].reduce((p, q) => (q.psi > p.psi ? q : p));
}

function isHistory(model: UnderwritingModel, code: string): boolean {
  return model.factors.some((factor) => factor.code === code && factor.group.toLowerCase() === 'history');
}

function movesOf({ rows }: Scored, before: Float64Array, after: Float64Array): PortfolioMove[] {
  return Array.from(firstRows(rows), (row, set) => ({
    group: rows.groupNames[row]!,
    champion: before[set]!,
    challenger: after[set]!,
    change: after[set]! / Math.max(before[set]!, 1e-9) - 1,
  })).sort((a, b) => Math.abs(b.change) - Math.abs(a.change));
}

function sum(values: Float64Array): number {
  return values.reduce((a, b) => a + b, 0);
}
