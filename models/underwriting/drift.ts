import type { UnderwritingModel } from './model';
import { sharesOver } from './profile';
import type { Table } from './table';

export interface FactorDrift {
  readonly code: string;
  /** Population stability index over the training bins, missing values as a bin of their own. */
  readonly psi: number;
  /** Below 0.1 quiet, to 0.25 watch, above act. */
  readonly state: 'quiet' | 'watch' | 'act';
  readonly missingBefore: number;
  readonly missingNow: number;
}

const FLOOR = 0.0005;

/** PSI of each factor of a table against the training, largest first. */
export function measureDrift({ profiles }: Pick<UnderwritingModel, 'profiles'>, table: Table): FactorDrift[] {
  return profiles
    .filter(({ code }) => table.columns.includes(code))
    .map((profile) => {
      const now = sharesOver(profile, table);
      const before = [...profile.shares.map((share) => share * (1 - profile.missing)), profile.missing];
      const after = [...now.shares.map((share) => share * (1 - now.missing)), now.missing];
      const psi = populationStability(before, after);
      return { code: profile.code, psi, state: stateOf(psi), missingBefore: profile.missing, missingNow: now.missing };
    })
    .sort((a, b) => b.psi - a.psi);
}

/** Sum of (after - before) x ln(after / before) over bins. */
export function populationStability(before: readonly number[], after: readonly number[]): number {
  return before.reduce((sum, share, bin) => {
    const [a, b] = [Math.max(share, FLOOR), Math.max(after[bin]!, FLOOR)];
    return sum + (b - a) * Math.log(b / a);
  }, 0);
}

function stateOf(psi: number): FactorDrift['state'] {
  if (psi < 0.1) return 'quiet';
  return psi <= 0.25 ? 'watch' : 'act';
}
