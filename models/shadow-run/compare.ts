import { lineAtRisk } from '../review/findings';
import type { Review } from '../review/rule';

/** Findings of one side of a shadow run: code and money by row of the table. */
export interface SideHit {
  readonly row: number;
  readonly code: string;
  /** Kopecks. */
  readonly atRisk: number;
}

export type DoctorKind = 'accept' | 'reduce' | 'refuse';

/** A line whose findings the candidate changes. Money in kopecks: what the whole line risks before and after. */
export interface ChangedLine {
  readonly lineId: number;
  readonly clinic: string;
  readonly added: readonly { readonly code: string; readonly atRisk: number }[];
  readonly removed: readonly { readonly code: string; readonly atRisk: number }[];
  readonly riskBefore: number;
  readonly riskAfter: number;
  /** What a doctor decided about the line; null: no doctor has. */
  readonly doctor: DoctorKind | null;
}

/** How flags of medical rules agree with what doctors decided, over the lines that doctors decided. */
export interface Agreement {
  readonly flaggedCut: number;
  readonly flaggedAccepted: number;
  readonly cleanCut: number;
  readonly cleanAccepted: number;
}

export interface Comparison {
  readonly lines: number;
  readonly changed: readonly ChangedLine[];
  readonly before: Agreement;
  readonly after: Agreement;
}

export interface CompareInput {
  /** Of either side: lines and money are the same on both. */
  readonly review: Review;
  readonly before: readonly SideHit[];
  readonly after: readonly SideHit[];
  readonly clinicOf: (row: number) => string;
  readonly doctorOf: (lineId: number) => DoctorKind | null;
}

/** Compares two sets of findings over the same lines, line by line: what a rule change would do. Pure. */
export function compareFindings({ review, before, after, clinicOf, doctorOf }: CompareInput): Comparison {
  const were = byRow(before);
  const now = byRow(after);
  const changed: ChangedLine[] = [];
  const agreement = { before: emptyAgreement(), after: emptyAgreement() };
  let lines = 0;
  for (let row = 0; row < review.table.rows; row += 1) {
    if (!review.table.review[row]) continue;
    lines += 1;
    const lineId = review.table.lineId[row]!;
    const doctor = doctorOf(lineId);
    const [old, fresh] = [were.get(row) ?? [], now.get(row) ?? []];
    if (doctor !== null) {
      count(agreement.before, old.length > 0, doctor);
      count(agreement.after, fresh.length > 0, doctor);
    }
    const added = fresh.filter((hit) => !old.some(({ code }) => code === hit.code));
    const removed = old.filter((hit) => !fresh.some(({ code }) => code === hit.code));
    const riskBefore = riskOf(review, row, old);
    const riskAfter = riskOf(review, row, fresh);
    if (added.length === 0 && removed.length === 0 && riskBefore === riskAfter) continue;
    changed.push({
      lineId,
      clinic: clinicOf(row),
      added: plain(added),
      removed: plain(removed),
      riskBefore,
      riskAfter,
      doctor,
    });
  }
  return { lines, changed, ...agreement };
}

function byRow(hits: readonly SideHit[]): Map<number, SideHit[]> {
  const rows = new Map<number, SideHit[]>();
  for (const hit of hits) {
    const known = rows.get(hit.row);
    if (known) known.push(hit);
    else rows.set(hit.row, [hit]);
  }
  return rows;
}

function riskOf(review: Review, row: number, hits: readonly SideHit[]): number {
  return lineAtRisk(
    review,
    row,
    hits.map(({ atRisk }) => atRisk),
  );
}

const plain = (hits: readonly SideHit[]) => hits.map(({ code, atRisk }) => ({ code, atRisk }));

type Counting = { -readonly [K in keyof Agreement]: number };

export function emptyAgreement(): Counting {
  return { flaggedCut: 0, flaggedAccepted: 0, cleanCut: 0, cleanAccepted: 0 };
}

function count(agreement: Counting, flagged: boolean, doctor: DoctorKind): void {
  const accepted = doctor === 'accept';
  if (flagged && accepted) agreement.flaggedAccepted += 1;
  else if (flagged) agreement.flaggedCut += 1;
  else if (accepted) agreement.cleanAccepted += 1;
  else agreement.cleanCut += 1;
}
