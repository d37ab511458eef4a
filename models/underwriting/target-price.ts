import type { Factor } from './catalogue';
import type { UnderwritingModel } from './model';
import type { QuoteRequest } from './quote';
import { quoteTable } from './quote';
import { scoreTable } from './score';

/** One change that brings the forecast to (or nearest to) a target. */
export interface TargetOption {
  readonly code: string;
  readonly from: number;
  readonly to: number;
  readonly prediction: number;
  /** True when the change alone reaches the target within 0.5 %. */
  readonly reached: boolean;
}

/** Groups of factors that a negotiation can move; the client's people and the past it cannot. */
const NEGOTIABLE = ['coverage'];
const STEPS = 12;

/**
 * What would have to change for a target price: for each negotiable factor, the value inside the range that training
 * saw that brings the total nearest to the target, others kept. Nearest first.
 */
export function changesForTarget(
  model: UnderwritingModel,
  request: QuoteRequest,
  target: number,
  groups: readonly string[] = NEGOTIABLE,
): TargetOption[] {
  const totalOf = (contract: QuoteRequest['contract']): number =>
    scoreTable(null, model, quoteTable({ ...request, contract })).prediction.reduce((a, b) => a + b, 0);
  const now = totalOf(request.contract);
  const movable = model.factors.filter(
    ({ code, group, kind }) =>
      groups.includes(group) && kind !== 'category' && typeof request.contract[code] === 'number',
  );
  return movable
    .flatMap((factor) => {
      const from = Number(request.contract[factor.code]);
      const options = valuesOf(model, factor)
        .filter((value) => value !== from)
        .map((to) => ({ to, prediction: totalOf({ ...request.contract, [factor.code]: to }) }));
      if (options.length === 0) return [];
      const best = options.reduce((a, b) =>
        Math.abs(b.prediction - target) < Math.abs(a.prediction - target) ? b : a,
      );
      return Math.abs(best.prediction - target) < Math.abs(now - target)
        ? [{ code: factor.code, from, ...best, reached: Math.abs(best.prediction / target - 1) < 0.005 }]
        : [];
    })
    .sort((a, b) => Math.abs(a.prediction - target) - Math.abs(b.prediction - target));
}

function valuesOf(model: UnderwritingModel, { code, kind }: Factor): number[] {
  const profile = model.profiles.find((one) => one.code === code);
  if (profile === undefined || profile.low === null || profile.high === null) return [];
  const { low, high } = profile;
  if (kind === 'boolean') return [0, 1];
  const steps = kind === 'integer' && high - low <= STEPS ? high - low : STEPS;
  const values = Array.from({ length: steps + 1 }, (_, k) => low + ((high - low) * k) / Math.max(steps, 1));
  return [...new Set(kind === 'integer' ? values.map(Math.round) : values)];
}
