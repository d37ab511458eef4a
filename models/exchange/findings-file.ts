import { csvLine } from './csv-writer';
import { roublesOfKopecks } from './numbers';

/** One line of `findings.csv`. The three identity fields are the texts of the registry, not the normalised forms. */
export interface FindingRecord {
  readonly clinicCode: string;
  readonly invoiceNo: string;
  readonly lineNo: string;
  readonly code: string;
  readonly ruleId: string;
  readonly ruleVersion: string;
  readonly severity: string;
  readonly atRiskKopecks: number;
  readonly guidelineId: string | null;
  readonly clause: string | null;
  readonly explanation: string;
}

export const FINDING_COLUMNS = [
  'clinic_code',
  'invoice_no',
  'line_no',
  'code',
  'rule_id',
  'rule_version',
  'severity',
  'at_risk_rub',
  'guideline_id',
  'clause',
  'explanation',
] as const;

/** Everything but the clause and the explanation is an identifier and comes out exactly as it is. */
const CODES: ReadonlySet<number> = new Set([0, 1, 2, 3, 4, 5, 6, 7, 8]);

export function findingsHeader(): string {
  return csvLine(FINDING_COLUMNS);
}

export function findingLine(finding: FindingRecord): string {
  return csvLine(
    [
      finding.clinicCode,
      finding.invoiceNo,
      finding.lineNo,
      finding.code,
      finding.ruleId,
      finding.ruleVersion,
      finding.severity,
      roublesOfKopecks(finding.atRiskKopecks),
      finding.guidelineId,
      finding.clause,
      finding.explanation,
    ],
    CODES,
  );
}
