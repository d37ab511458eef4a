/** How the book is scored; parameters of the Schedule. */
export interface FraudScoringInput {
  /** Cases that the investigators hold at once. */
  readonly capacity?: number;
  /** Declared share of false cases among opened ones. */
  readonly falseDiscoveryRate?: number;
  /** Days after a case was closed in which the same unit opens none of the same scheme. */
  readonly coolOffDays?: number;
  /** Task queue of the scoring itself, for tests that share one server. */
  readonly scoringQueue?: string;
}

export interface FraudScoringResult {
  readonly runId: string;
  readonly lines: number;
  readonly answers: number;
  readonly alerts: number;
  readonly opened: number;
}

export function fraudScoringWorkflowId(key: string): string {
  return `fraud-scoring/${key}`;
}
