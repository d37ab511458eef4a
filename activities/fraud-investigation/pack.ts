import type { Queryable } from '../../prisma/pool';
import {
  readPackAnswers,
  readPackLines,
  readPackNetwork,
  readPackPeers,
  readPackSignal,
  readPackTimeline,
} from '../../prisma/repositories/fraud-pack';
import type {
  PackAnswers,
  PackLine,
  PackMonth,
  PackNeighbour,
  PackSignal,
  PeerMeasure,
} from '../../prisma/repositories/fraud-pack';

/** The evidence of a case as it was when it was opened. */
export interface EvidencePack {
  readonly gatheredAt: string;
  readonly signal: PackSignal | null;
  readonly lines: readonly PackLine[];
  readonly answers: readonly PackAnswers[];
  readonly peers: readonly PeerMeasure[];
  readonly timeline: readonly PackMonth[];
  readonly network: readonly PackNeighbour[];
}

/** Gathers the evidence of a unit; a handful of set-based reads. */
export async function gatherEvidence(
  db: Queryable,
  unit: { readonly clinicId: number; readonly doctorId: number | null; readonly signalId: string | null },
  lineIds: readonly number[],
  at: string,
): Promise<EvidencePack> {
  return {
    gatheredAt: at,
    signal: await readPackSignal(db, unit.signalId),
    lines: await readPackLines(db, lineIds),
    answers: await readPackAnswers(db, unit),
    peers: await readPackPeers(db, unit),
    timeline: await readPackTimeline(db, unit),
    network: await readPackNetwork(db, unit),
  };
}
