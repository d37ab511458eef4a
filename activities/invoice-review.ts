import type {
  AnswerCommand,
  CaseView,
  CommandResult,
  DecideCommand,
  HoldCommand,
  ReverseCommand,
} from '../workflows/messages';
import type { ActivityDeps } from './deps';
import { escalateCase, issueCaseAct, loadCase } from './review/case';
import { answerDocuments, decideLines, holdTask, reverseVerdict } from './review/commands';
import type { OfVersion } from './review/commands';

/** Steps of one invoice: each is one transaction; the task's row lock decides every race. */
export function createInvoiceActivities(deps: ActivityDeps) {
  const { pool } = deps;
  return {
    loadCase: ({ versionId }: { versionId: string }): Promise<CaseView> => loadCase(pool, versionId),
    decide: (command: OfVersion<DecideCommand>): Promise<CommandResult> => decideLines(deps, command),
    hold: (command: OfVersion<HoldCommand>): Promise<CommandResult> => holdTask(pool, command),
    answerDocuments: (command: OfVersion<AnswerCommand>): Promise<CommandResult> => answerDocuments(pool, command),
    reverse: (command: OfVersion<ReverseCommand>): Promise<CommandResult> => reverseVerdict(deps, command),
    escalate: (input: { versionId: string; dueBy: string }): Promise<number> =>
      escalateCase(pool, input.versionId, input.dueBy),
    issueAct: ({ versionId }: { versionId: string }): Promise<{ readonly number: string | null }> =>
      issueCaseAct(pool, versionId),
  };
}
