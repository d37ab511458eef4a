import type { Units } from './book';
import type { SchemeParts } from './parts';
import type { FraudAlert, ScorePart } from './types';
import type { Volume } from './volume';

export interface RankOptions {
  /** Cases that the investigators can take; the rest of what passes stays on watch. */
  readonly capacity?: number;
  /** Declared rate of false cases among opened ones (Bayesian false discovery rate). */
  readonly falseDiscoveryRate?: number;
}

export const DEFAULT_FALSE_DISCOVERY_RATE = 0.1;
/** Below even odds no case is opened, however good the rest of the list is. */
const OPEN_AT = 0.5;
/** From here on a unit is worth more questions to its patients. */
const WATCH_AT = 0.05;

type Candidate = Omit<FraudAlert, 'decision'>;

function candidate(clinic: number, doctor: number, parts: readonly ScorePart[], seenElsewhere: number): Candidate {
  const sorted = [...parts].sort((a, b) => b.posterior - a.posterior);
  const main = sorted[0]!;
  return {
    clinic,
    doctor,
    scheme: main.scheme,
    score: main.posterior,
    expected: main.expected,
    parts: sorted,
    seenElsewhere,
  };
}

/** Every clinic that billed anything and every unit, with the parts of all schemes. */
export function collectCandidates(
  volume: Volume,
  units: Units,
  schemes: readonly { parts: SchemeParts; seen: Float64Array }[],
): Candidate[] {
  const clinics: Candidate[] = [];
  volume.clinic.observed.forEach((lines, c) => {
    if (lines === 0) return;
    clinics.push(
      candidate(
        c,
        -1,
        schemes.map(({ parts }) => parts.clinic[c]!),
        0,
      ),
    );
  });
  const doctors = Array.from(units.clinic, (clinic, u) =>
    candidate(
      clinic,
      units.doctor[u]!,
      schemes.map(({ parts }) => parts.unit[u]!),
      Math.max(...schemes.map(({ seen }) => seen[u]!)),
    ),
  );
  return [...clinics, ...doctors];
}

/**
 * Opens cases from the top of the score while the expected share of false ones stays under the limit (Bayesian FDR:
 * mean of 1 - score over the opened) and the capacity lasts; where capacity binds, roubles decide.
 */
export function rankAlerts(candidates: readonly Candidate[], options: RankOptions = {}): FraudAlert[] {
  const limit = options.falseDiscoveryRate ?? DEFAULT_FALSE_DISCOVERY_RATE;
  const capacity = options.capacity ?? Number.POSITIVE_INFINITY;
  const byScore = [...candidates].sort((a, b) => b.score - a.score || b.expected - a.expected);
  let doubt = 0;
  let passed = 0;
  for (const { score } of byScore) {
    doubt += 1 - score;
    if (score < OPEN_AT || doubt / (passed + 1) > limit) break;
    passed++;
  }
  const open = byScore.slice(0, passed).sort((a, b) => b.expected - a.expected);
  const rest = byScore.slice(passed);
  const decide = (one: Candidate, opened: boolean): FraudAlert => ({
    ...one,
    decision: opened ? 'open' : one.score >= WATCH_AT ? 'watch' : 'none',
  });
  return [...open.map((one, i) => decide(one, i < capacity)), ...rest.map((one) => decide(one, false))];
}
