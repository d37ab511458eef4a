import type { LocalizedText } from '../errors';
import { statWords } from './words';
import type { PeerComparison, PeerCount, PeerOptions } from './peers';
import { compareWithPeers } from './peers';

export type StatCode = 'STAT-01' | 'STAT-02' | 'STAT-03';

/** A statistical remark. It only raises priority: it never refuses, reduces or accepts anything. */
export interface StatAlert {
  readonly code: StatCode;
  readonly effect: 'priority';
  readonly subjectKind: 'clinic' | 'doctor';
  readonly subject: string;
  readonly diagnosis: string | null;
  readonly service: string | null;
  readonly comparison: PeerComparison;
  /** Kopecks of the insurer's share above what the peers' mean would give. */
  readonly excessKopecks: number;
  readonly explanation: LocalizedText;
}

/** Cases (visits or episodes) of a subject at a diagnosis; peers are compared inside one `peerGroup` (e.g. a specialty). */
export interface CaseCount {
  readonly subject: string;
  readonly peerGroup: string;
  readonly diagnosis: string;
  readonly cases: number;
}

/** Those of the cases in which the service was billed, and the insurer's share of its lines. */
export interface ServiceCount {
  readonly subject: string;
  readonly peerGroup: string;
  readonly diagnosis: string;
  readonly service: string;
  readonly casesWith: number;
  readonly shareKopecks: number;
}

export interface AddedServicesInput {
  readonly subjectKind: 'clinic' | 'doctor';
  readonly cases: readonly CaseCount[];
  readonly services: readonly ServiceCount[];
}

/**
 * STAT-01: services that a clinic or doctor adds at a diagnosis far more often than peers. Subjects that never bill
 * the service count as peers with none.
 */
export function reviewAddedServices(input: AddedServicesInput, options: Partial<PeerOptions> = {}): StatAlert[] {
  const bySubject = new Map<string, ServiceCount>();
  const servicesAt = new Map<string, Set<string>>();
  for (const row of input.services) {
    const place = keyOf(row.peerGroup, row.diagnosis);
    bySubject.set(keyOf(place, row.service, row.subject), row);
    const known = servicesAt.get(place);
    if (known) known.add(row.service);
    else servicesAt.set(place, new Set([row.service]));
  }
  const counts: PeerCount[] = [];
  for (const { subject, peerGroup, diagnosis, cases } of input.cases) {
    const place = keyOf(peerGroup, diagnosis);
    for (const service of servicesAt.get(place) ?? []) {
      const hits = Math.min(cases, bySubject.get(keyOf(place, service, subject))?.casesWith ?? 0);
      counts.push({ subject, key: keyOf(place, service), hits, cases });
    }
  }
  return compareWithPeers(counts, options).alerts.map((comparison) => {
    const [peerGroup, diagnosis, service] = comparison.key.split(SEPARATOR) as [string, string, string];
    const row = bySubject.get(keyOf(peerGroup, diagnosis, service, comparison.subject))!;
    return alertOf('STAT-01', input.subjectKind, comparison, row.shareKopecks / row.casesWith, diagnosis, service);
  });
}

/** Lines of a subject and those of them that nearly repeat another line (`findNearDuplicates`). */
export interface RepeatCount {
  readonly subject: string;
  readonly peerGroup: string;
  readonly lines: number;
  readonly repeats: number;
  readonly repeatKopecks: number;
}

/** STAT-02: a clinic or doctor whose lines nearly repeat earlier ones far more often than the peers' lines do. */
export function reviewNearDuplicates(
  subjectKind: 'clinic' | 'doctor',
  rows: readonly RepeatCount[],
  options: Partial<PeerOptions> = {},
): StatAlert[] {
  const money = new Map(rows.map((row) => [keyOf(row.peerGroup, row.subject), row]));
  const counts = rows.map(({ subject, peerGroup, lines, repeats }) => ({
    subject,
    key: peerGroup,
    hits: repeats,
    cases: lines,
  }));
  return compareWithPeers(counts, options).alerts.map((comparison) => {
    const row = money.get(keyOf(comparison.key, comparison.subject))!;
    return alertOf('STAT-02', subjectKind, comparison, row.repeatKopecks / row.repeats, null, null);
  });
}

/** Visits of a subject and those billed as the dearer kind (first instead of repeat). */
export interface VisitCount {
  readonly subject: string;
  /** Specialty: visits are compared inside it. */
  readonly specialty: string;
  readonly visits: number;
  readonly dearVisits: number;
  /** What a dear visit costs more than a plain one, in the subject's own prices. */
  readonly priceGapKopecks: number;
}

/** STAT-03: visit-level upcoding: the dearer kind of visit billed far more often than by peers of the specialty. */
export function reviewVisitUpcoding(
  subjectKind: 'clinic' | 'doctor',
  rows: readonly VisitCount[],
  options: Partial<PeerOptions> = {},
): StatAlert[] {
  const gaps = new Map(rows.map((row) => [keyOf(row.specialty, row.subject), row.priceGapKopecks]));
  const counts = rows.map(({ subject, specialty, visits, dearVisits }) => ({
    subject,
    key: specialty,
    hits: dearVisits,
    cases: visits,
  }));
  // Shares of first visits are large, so a smaller ratio already means money.
  const rules = { minRatio: 1.15, ...options };
  return compareWithPeers(counts, rules).alerts.map((comparison) => {
    const gap = gaps.get(keyOf(comparison.key, comparison.subject)) ?? 0;
    return alertOf('STAT-03', subjectKind, comparison, Math.max(0, gap), null, null);
  });
}

const SEPARATOR = '\u001F';
const keyOf = (...parts: string[]) => parts.join(SEPARATOR);

function alertOf(
  code: StatCode,
  subjectKind: 'clinic' | 'doctor',
  comparison: PeerComparison,
  kopecksPerCase: number,
  diagnosis: string | null,
  service: string | null,
): StatAlert {
  const excessKopecks = Math.round(comparison.excessCases * kopecksPerCase);
  const explanation = statWords(code, subjectKind, comparison, excessKopecks, diagnosis, service);
  const { subject } = comparison;
  return { code, effect: 'priority', subjectKind, subject, diagnosis, service, comparison, excessKopecks, explanation };
}
