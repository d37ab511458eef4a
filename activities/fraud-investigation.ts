import { createHash } from 'node:crypto';
import { AppError } from '../models/errors';
import type { CommentModel } from '../models/feedback/comments/classify';
import { renderCaseReport } from '../models/documents/case-report-pdf';
import type { CaseTimes } from '../models/investigation/acts';
import { clocksOf } from '../models/investigation/apply-act';
import type { CaseClocks } from '../models/investigation/apply-act';
import { newCase } from '../models/investigation/record';
import type { Pool } from '../prisma/pool';
import { withTransaction } from '../prisma/pool';
import {
  appendCaseEvent,
  chooseCaseLines,
  lockCase,
  readCase,
  readReport,
  savePack,
  storeReport,
} from '../prisma/repositories/fraud-cases';
import { actOnCase, passClock } from './fraud-investigation/act';
import type { ActInput, ClockInput } from './fraud-investigation/act';
import { gatherEvidence } from './fraud-investigation/pack';
import type { EvidencePack } from './fraud-investigation/pack';

export interface CaseDeps {
  readonly pool: Pool;
  readonly times: CaseTimes;
  readonly comments: () => CommentModel;
  readonly now: () => Date;
}

/** Steps of `fraudInvestigation`; each is one transaction and safe to repeat. */
export function createCaseActivities(deps: CaseDeps) {
  return {
    /** Chooses the lines, freezes the evidence and begins the record; an opened case is only read. */
    async openInvestigation({ caseId }: { caseId: string }): Promise<CaseClocks> {
      return withTransaction(deps.pool, async (tx) => {
        const stored = await lockCase(tx, caseId);
        if (stored === null) throw noCase();
        if (stored.record !== null) return clocksOf(stored.record);
        const at = deps.now().toISOString();
        const lines = await chooseCaseLines(tx, stored);
        const record = newCase(caseId, stored.scheme, lines);
        const pack = await gatherEvidence(
          tx,
          stored,
          lines.map(({ lineId }) => lineId),
          at,
          deps.comments(),
        );
        const body = { reason: stored.reason, lines: lines.length, sha256: hashOf(JSON.stringify(pack)) };
        const author = { actorRole: 'system', actorId: null, actorName: null };
        await appendCaseEvent(tx, caseId, { kind: 'opened', ...author, key: 'opened', at, body });
        await savePack(tx, record, pack);
        return clocksOf(record);
      });
    },

    actOnCase: (input: ActInput): Promise<CaseClocks> => actOnCase(deps, input),
    /** The legal deadline of the hold: payment goes on, the case too. */
    passHoldDeadline: (input: ClockInput): Promise<CaseClocks> => passClock(deps, input, { kind: 'hold-deadline' }),
    passLetterDeadline: (input: ClockInput): Promise<CaseClocks> => passClock(deps, input, { kind: 'letter-overdue' }),

    /** Renders the closing report once. */
    async makeClosingReport({ caseId }: { caseId: string }): Promise<{ readonly sha256: string }> {
      const known = await readReport(deps.pool, caseId);
      if (known !== null) return { sha256: hashOf(known) };
      const found = await readCase(deps.pool, caseId, { kind: 'all' });
      if (found === null || found.record === null) throw noCase();
      const pdf = await renderCaseReport({ ...found, record: found.record, pack: found.pack as EvidencePack });
      const sha256 = hashOf(pdf);
      await storeReport(deps.pool, caseId, pdf, sha256);
      return { sha256 };
    },
  };
}

export type CaseActivities = ReturnType<typeof createCaseActivities>;

function noCase(): AppError {
  return new AppError('fraud-case.missing', { ru: 'Дело не найдено', en: 'No such case' }, { httpStatus: 404 });
}

function hashOf(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
