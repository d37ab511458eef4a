import { normaliseCode } from '../../models/exchange/codes';
import type { LetterRequestInput } from '../../models/letters/request.schema';
import type { Pool } from '../../prisma/pool';
import { readRequested } from '../../prisma/repositories/letter-requested';
import { conflict } from '../http/errors';

/** A reference that was used for another request must not quietly bring that one's answer. @throws 409 */
export async function assertSameRequest(pool: Pool, requestId: string, body: LetterRequestInput): Promise<void> {
  const stored = await readRequested(pool, requestId);
  if (stored === null) return;
  const asked = body.lines.map((line) => ({
    serviceCode: normaliseCode(line.serviceCode),
    diagnosisCode: normaliseCode(line.diagnosisCode),
    quantity: line.quantity,
    periodFrom: line.periodFrom,
    periodTo: line.periodTo,
    tooth: line.tooth ?? null,
  }));
  const same = (value: { policyNo: string; clinicCode: string; lines: unknown }): string =>
    JSON.stringify([value.policyNo, value.clinicCode, value.lines]);
  if (same(stored) === same({ ...body, lines: asked })) return;
  throw conflict(
    'letter.reference-used',
    'Этот номер (senderRef) уже использован для другого запроса',
    'This reference (senderRef) was used for another request',
    { letterId: requestId },
  );
}
