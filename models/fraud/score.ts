import { scoreLines } from './line-posterior';
import { learnLinePattern } from './line-pattern';
import { phantomParts, upcodingParts, type SchemeParts } from './parts';
import { fitPhantom, type PhantomModel } from './phantom';
import { allSignals } from './signals/all-signals';
import { buildStructure, type Structure } from './structure';
import { carryAcrossClinics } from './repeats';
import type { FraudAlert, FraudInput, ScorePart } from './types';
import { fitUpcoding, type UpcodingModel } from './upcoding';
import { foldAnswers, type VisitEvidence } from './visit-evidence';
import { measureVolume, type Volume } from './volume';

export interface ScoreOptions {
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

export interface FraudResult {
  readonly structure: Structure;
  readonly evidence: VisitEvidence;
  readonly volume: Volume;
  readonly phantom: PhantomModel;
  readonly upcoding: UpcodingModel;
  /** Posterior of "billed and not rendered" by line. */
  readonly posterior: Float32Array;
  /** Every clinic and every unit, in rank order. */
  readonly alerts: readonly FraudAlert[];
}

/**
 * Scores a book of lines and answers: all parameters are estimated from the book itself. Linear in lines and answers.
 * Alerts come in rank order: opened cases by expected recoverable roubles, then the rest by score.
 */
export function scoreFraud(input: FraudInput, options: ScoreOptions = {}): FraudResult {
  const structure = buildStructure(input);
  const evidence = foldAnswers(input, structure);
  const volume = measureVolume(input, structure);
  const phantom = fitPhantom(input, structure, evidence, volume);
  const upcoding = fitUpcoding(input, structure, evidence);
  const pattern = learnLinePattern(input, structure, phantom);
  const posterior = scoreLines(input, structure, evidence, phantom, pattern);
  const parts = [
    phantomParts(input, structure, evidence, volume, phantom, posterior),
    upcodingParts(input, structure, evidence, upcoding),
    ...allSignals(input, structure),
  ].map((scheme) => carryAcrossClinics(structure, scheme));
  const alerts = rankAlerts(collect(input, structure, parts), options);
  return { structure, evidence, volume, phantom, upcoding, posterior, alerts };
}

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

function collect(
  input: FraudInput,
  structure: Structure,
  schemes: readonly { parts: SchemeParts; seen: Float64Array }[],
): Candidate[] {
  const present = new Set(structure.unitClinic);
  for (const clinic of input.lines.clinic) present.add(clinic);
  const clinics = [...present].map((c) =>
    candidate(
      c,
      -1,
      schemes.map(({ parts }) => parts.clinic[c]!),
      0,
    ),
  );
  const units = Array.from(structure.unitClinic, (clinic, u) =>
    candidate(
      clinic,
      structure.unitDoctor[u]!,
      schemes.map(({ parts }) => parts.unit[u]!),
      Math.max(...schemes.map(({ seen }) => seen[u]!)),
    ),
  );
  return [...clinics, ...units];
}

/**
 * Opens cases from the top of the score while the expected share of false ones stays under the limit (Bayesian FDR:
 * mean of 1 - score over the opened) and the capacity lasts; where capacity binds, roubles decide.
 */
export function rankAlerts(candidates: readonly Candidate[], options: ScoreOptions = {}): FraudAlert[] {
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
