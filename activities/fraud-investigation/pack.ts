import { readComment } from '../../models/feedback/comments/classify';
import type { CommentModel } from '../../models/feedback/comments/classify';
import type { Queryable } from '../../prisma/pool';
import {
  readPackAnswers,
  readPackComments,
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

export interface CommentEvidence {
  readonly visitDate: string;
  readonly text: string;
  readonly topics: readonly string[];
  readonly phrases: readonly string[];
}

const READ_COMMENTS = 1000;
const SHOWN_COMMENTS = 40;

/** The evidence of a case as it was when it was opened. */
export interface EvidencePack {
  readonly gatheredAt: string;
  readonly signal: PackSignal | null;
  readonly lines: readonly PackLine[];
  readonly answers: readonly PackAnswers[];
  readonly peers: readonly PeerMeasure[];
  /** Complaints in the patients' own words, with the phrases that made them complaints. */
  readonly comments: readonly CommentEvidence[];
  readonly timeline: readonly PackMonth[];
  readonly network: readonly PackNeighbour[];
}

/** Gathers the evidence of a unit; a handful of set-based reads. */
export async function gatherEvidence(
  db: Queryable,
  unit: { readonly clinicId: number; readonly doctorId: number | null; readonly signalId: string | null },
  lineIds: readonly number[],
  at: string,
  model: CommentModel,
): Promise<EvidencePack> {
  return {
    gatheredAt: at,
    signal: await readPackSignal(db, unit.signalId),
    lines: await readPackLines(db, lineIds),
    answers: await readPackAnswers(db, unit),
    peers: await readPackPeers(db, unit),
    comments: complaintsOf(await readPackComments(db, unit, READ_COMMENTS), model),
    timeline: await readPackTimeline(db, unit),
    network: await readPackNetwork(db, unit),
  };
}

function complaintsOf(
  comments: readonly { readonly visitDate: string; readonly text: string }[],
  model: CommentModel,
): CommentEvidence[] {
  return comments
    .flatMap(({ visitDate, text }) => {
      const { complaint, topics, phrases } = readComment(model, text);
      return complaint ? [{ visitDate, text, topics, phrases: phrases.map(({ phrase }) => phrase) }] : [];
    })
    .slice(0, SHOWN_COMMENTS);
}
