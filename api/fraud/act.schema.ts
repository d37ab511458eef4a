import { z } from 'zod';
import { LINE_RESULTS, OUTCOMES } from '../../models/investigation/record';
import { kopecks, text } from '../http/fields';

const lineId = () => z.int().min(1);
/** Tasks and letters are named by the key of the request that made them. */
const keyed = () => z.string().min(1).max(200);

export const holdBody = z.object({ lineIds: z.array(lineId()).min(1).max(300) });
export const reasonBody = z.object({ reason: text(4000) });
export const taskBody = z.object({ text: text(4000) });
export const finishTaskBody = z.object({ taskId: keyed(), result: text(4000) });
export const letterBody = z.object({ subject: text(300), text: text(8000) });
export const textBody = z.object({ letterId: keyed(), text: text(8000) });
export const proposeBody = z.object({
  outcome: z.enum(OUTCOMES),
  reason: text(4000),
  lines: z.array(z.object({ lineId: lineId(), result: z.enum(LINE_RESULTS), recoverKopecks: kopecks() })).max(300),
});
export const confirmBody = z.object({});
