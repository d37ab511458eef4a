/** A flagged line that waits for a person. */
export interface QueuedLine {
  readonly lineId: number;
  readonly versionId: number;
  readonly policyId: number;
  readonly hubId: number;
  /** Working days of the contract that covers the person; null: no contract is known. */
  readonly termDays: number | null;
  readonly findings: readonly { readonly code: string; readonly atRiskKopecks: number }[];
  /** What the insurer is asked to pay: no more than this is at risk. */
  readonly askedKopecks: number;
}

/** The unit of the queue: the flagged lines of one person in one invoice version. */
export interface TaskDraft {
  readonly versionId: number;
  readonly policyId: number;
  readonly hubId: number;
  readonly lineIds: readonly number[];
  readonly codes: readonly string[];
  readonly atRiskKopecks: number;
  readonly termDays: number;
  readonly skill: string | null;
}

/** Working days of review when the contract is not known (domain default). */
export const DEFAULT_REVIEW_TERM_DAYS = 10;

/**
 * Money at risk of a line: its findings may each put the whole line at risk, so the largest counts, once, and never
 * more than what was asked.
 */
export function lineAtRisk(line: Pick<QueuedLine, 'findings' | 'askedKopecks'>): number {
  const largest = Math.max(0, ...line.findings.map((finding) => finding.atRiskKopecks));
  return Math.max(0, Math.min(largest, line.askedKopecks));
}

/** Groups queued lines into tasks; order of lines does not matter. A task's term is the shortest of its lines. */
export function groupTasks(lines: readonly QueuedLine[]): TaskDraft[] {
  const groups = new Map<string, QueuedLine[]>();
  for (const line of lines) {
    const key = `${line.versionId}/${line.policyId}`;
    const group = groups.get(key);
    if (group) group.push(line);
    else groups.set(key, [line]);
  }
  return [...groups.values()].map(taskOf);
}

function taskOf(lines: readonly QueuedLine[]): TaskDraft {
  const [first] = lines as [QueuedLine];
  const codes = [...new Set(lines.flatMap((line) => line.findings.map((finding) => finding.code)))].sort();
  return {
    versionId: first.versionId,
    policyId: first.policyId,
    hubId: first.hubId,
    lineIds: lines.map((line) => line.lineId).sort((a, b) => a - b),
    codes,
    atRiskKopecks: lines.reduce((sum, line) => sum + lineAtRisk(line), 0),
    termDays: Math.min(...lines.map((line) => line.termDays ?? DEFAULT_REVIEW_TERM_DAYS)),
    skill: codes.some((code) => code === 'PLAU-03') ? 'dental' : null,
  };
}
