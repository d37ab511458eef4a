import type { BundledPair } from './types';

/** A bundled pair of the guideline pack: `service` is part of `with` (both prefixes). */
export interface PairRule {
  readonly service: string;
  readonly with: string;
  readonly windowDays: number;
}

/** Expands prefix pairs to pairs of known services. */
export function expandPairs(rules: readonly PairRule[], codes: readonly string[]): BundledPair[] {
  const matching = (prefix: string): number[] => codes.flatMap((code, i) => (code.startsWith(prefix) ? [i] : []));
  return rules.flatMap((rule) =>
    matching(rule.service).flatMap((part) =>
      matching(rule.with)
        .filter((whole) => whole !== part)
        .map((whole) => ({ part, whole, windowDays: rule.windowDays })),
    ),
  );
}
