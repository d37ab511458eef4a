import type { z } from 'zod';
import { reasonText } from '../../models/review-case/reasons';
import { textForClinic, valuesForClinic } from '../../models/review/catalogue/for-clinic';
import { groundOf } from '../../models/routing/families';
import type { Queryable } from '../../prisma/pool';
import { findingsOfLines } from '../../prisma/repositories/findings';
import type { LineFinding } from '../../prisma/repositories/findings';
import { activeVerdicts } from '../../prisma/repositories/task-queue';
import type { QueueTask, ReadableLine } from '../../prisma/repositories/task-queue';
import type { findingView, lineView, taskView } from './review-views';

export function viewTask({ id, holderId, holderName, ...task }: QueueTask): z.input<typeof taskView> {
  const holder = holderId === null ? null : { id: holderId, name: holderName ?? '' };
  return { taskId: id, ...task, holder };
}

/**
 * Lines with all their findings and their verdict. `clinicCode`: they are for this clinic, which reads neither notes for
 * colleagues nor whose line of another clinic a finding refers to; null: they are for the insurer's people.
 */
export async function viewLines(
  db: Queryable,
  lines: readonly ReadableLine[],
  clinicCode: string | null,
): Promise<z.input<typeof lineView>[]> {
  const ids = lines.map((line) => line.lineId);
  const findings = await findingsOfLines(db, ids);
  const verdicts = await activeVerdicts(db, ids);
  return lines.map(({ lineId, ...line }) => ({
    ...line,
    findings: (findings.get(lineId) ?? []).map((finding) => viewFinding(finding, clinicCode)),
    verdict: viewVerdict(verdicts.get(lineId), clinicCode === null),
  }));
}

function viewFinding(
  { explanationRu, explanationEn, evidence, ...finding }: LineFinding,
  clinicCode: string | null,
): z.input<typeof findingView> {
  const said = { ru: explanationRu, en: explanationEn };
  return {
    ...finding,
    title: reasonText(finding.code),
    ground: groundOf(finding.code),
    evidence: clinicCode === null ? evidence : valuesForClinic(evidence, clinicCode),
    explanation: clinicCode === null ? said : textForClinic(said, evidence, clinicCode),
  };
}

function viewVerdict(
  verdict: Awaited<ReturnType<typeof activeVerdicts>> extends Map<number, infer V> ? V | undefined : never,
  inside: boolean,
): z.input<typeof lineView>['verdict'] {
  if (verdict === undefined) return null;
  const { lineId: _line, authorKind, authorName, internalNote, ...rest } = verdict;
  return {
    ...rest,
    internalNote: inside ? internalNote : null,
    author: { kind: authorKind, name: authorName },
  };
}
