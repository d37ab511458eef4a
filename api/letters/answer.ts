import type { z } from 'zod';
import type { LetterView } from '../../workflows/letter-messages';
import type { letterAnswer } from './views';

/** The workflow's view as the answer of a route. */
export function answerOf({ letter, dueAt }: LetterView): z.input<typeof letterAnswer> {
  return {
    id: letter.requestId,
    number: letter.number,
    state: letter.state,
    pendedFor: letter.pendedFor,
    dueAt,
    validTo: letter.validTo,
    awaitsSecondDoctor: letter.proposedBy !== null,
    lines: letter.lines.map((line) => ({
      lineNo: line.lineNo,
      outcome: line.outcome,
      approvedQuantity: line.approvedQuantity,
      approvedKopecks: line.approvedKopecks,
      approvedFrom: line.approvedFrom,
      approvedTo: line.approvedTo,
      reasonCode: line.reasonCode,
      ground: line.ground,
      clause: line.clause,
    })),
  };
}
