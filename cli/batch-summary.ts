import { roubles } from '../models/review-case/money';
import { reasonText } from '../models/review-case/reasons';
import type { Pool } from '../prisma/pool';
import { findingsByCode, outcomeSums } from '../prisma/repositories/batches';
import type { BatchRow, CodeSum, OutcomeSums } from '../prisma/repositories/batches';

export interface BatchSummary {
  readonly businessKey: string;
  readonly state: string;
  readonly lines: number;
  readonly invoices: number;
  readonly findings: number;
  /** From taking the batch to its last finding. */
  readonly checkSeconds: number;
  readonly linesPerSecond: number;
  readonly totalSeconds: number;
  readonly byCode: readonly CodeSum[];
  readonly outcome: OutcomeSums;
}

export async function summarise(pool: Pool, batch: BatchRow): Promise<BatchSummary> {
  const byCode = await findingsByCode(pool, batch.id);
  const checkSeconds = secondsBetween(batch.takenAt, batch.checkedAt);
  return {
    businessKey: batch.businessKey,
    state: batch.state,
    lines: batch.lineCount,
    invoices: batch.invoiceCount,
    findings: byCode.reduce((sum, row) => sum + row.findings, 0),
    checkSeconds,
    linesPerSecond: Math.round(batch.lineCount / Math.max(checkSeconds, 0.001)),
    totalSeconds: secondsBetween(batch.takenAt, batch.doneAt),
    byCode,
    outcome: await outcomeSums(pool, batch.id),
  };
}

/** The table that people see when a batch has ended. */
export function summaryText(summary: BatchSummary): string {
  const { outcome } = summary;
  const rows = summary.byCode.map(
    (row) =>
      `  ${row.code}  ${String(row.findings).padStart(7)}  ${roubles(row.atRiskKopecks).padStart(16)}  ${reasonText(row.code).ru}`,
  );
  return [
    `Пакет / batch ${summary.businessKey}: строк ${summary.lines}, счетов ${summary.invoices}`,
    `  проверено за ${summary.checkSeconds.toFixed(1)} с (${summary.linesPerSecond} строк/с), всего ${summary.totalSeconds.toFixed(1)} с`,
    '',
    `  код      замечаний     под риском, руб.`,
    ...rows,
    '',
    `  принято автоматически: ${outcome.autoAccepted}, уменьшено по правилу: ${outcome.ruleReduced}, отказано по правилу: ${outcome.ruleRefused}`,
    `  ждут врача: строк ${outcome.queued}, заданий ${outcome.tasks}, счетов ${outcome.waitingInvoices}; готовы к оплате: счетов ${outcome.settledInvoices}`,
  ].join('\n');
}

function secondsBetween(from: string, to: string | null): number {
  return to === null ? 0 : (Date.parse(to) - Date.parse(from)) / 1000;
}
