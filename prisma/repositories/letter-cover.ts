import type { LetterPolicy } from '../../models/letters/types';
import type { Queryable } from '../pool';

/** What the database knows of a request's person, clinic and services: one round trip. */
export interface CoverRow {
  readonly policyId: number | null;
  readonly sex: 'M' | 'F' | null;
  readonly birthDate: string | null;
  readonly clinicId: number | null;
  readonly hubId: number | null;
  readonly enrolments: readonly EnrolmentRow[];
  readonly services: readonly ServiceRow[];
  /** Open promises for the same person and services, other requests. */
  readonly openLetters: readonly {
    readonly letterNo: string;
    readonly serviceCode: string;
    readonly from: string;
    readonly to: string;
  }[];
  readonly policies: readonly (LetterPolicy & { readonly contractId: number | null; readonly effectiveFrom: string })[];
  readonly trusted: readonly { readonly servicePrefix: string; readonly sampleShare: number }[];
}

export interface EnrolmentRow {
  readonly programmeId: number;
  readonly contractId: number;
  readonly contractStart: string;
  readonly from: string;
  readonly to: string;
  readonly franchisePercent: number;
  readonly annualLimitKopecks: number | null;
  readonly serviceLimits: readonly { readonly service: string; readonly max_quantity: number }[];
  readonly letterRequired: readonly string[];
}

export interface ServiceRow {
  readonly code: string;
  readonly serviceId: number | null;
  /** The clinic's priced items for the service, any period. */
  readonly prices: readonly {
    readonly clinicItemId: number;
    readonly kopecks: number;
    readonly from: string;
    readonly to: string | null;
  }[];
}

const COVER_SQL = `
WITH p AS (SELECT id FROM policy WHERE policy_no = $1),
     c AS (SELECT id, hub_id FROM clinic WHERE code = $2)
SELECT json_build_object(
  'policyId', (SELECT id FROM p),
  'sex', (SELECT sex FROM insured WHERE policy_id = (SELECT id FROM p)),
  'birthDate', (SELECT birth_date FROM insured WHERE policy_id = (SELECT id FROM p)),
  'clinicId', (SELECT id FROM c), 'hubId', (SELECT hub_id FROM c),
  'enrolments', (SELECT coalesce(json_agg(json_build_object(
      'programmeId', g.id, 'contractId', k.id, 'contractStart', k.start_date, 'from', e.enrolled_from,
      'to', e.enrolled_to, 'franchisePercent', g.franchise_percent::float8,
      'annualLimitKopecks', g.annual_limit_kopecks, 'serviceLimits', g.service_limits,
      'letterRequired', g.letter_required) ORDER BY e.enrolled_from DESC), '[]')
    FROM enrolment e JOIN programme g ON g.id = e.programme_id JOIN contract k ON k.id = g.contract_id
    WHERE e.policy_id = (SELECT id FROM p)),
  'services', (SELECT json_agg(json_build_object('code', w.code, 'serviceId', s.id, 'prices', (
      SELECT coalesce(json_agg(json_build_object('clinicItemId', i.id, 'kopecks', pi.price_kopecks,
          'from', pi.valid_from, 'to', pi.valid_to) ORDER BY pi.price_kopecks, i.id), '[]')
      FROM price_item pi JOIN clinic_item i ON i.id = pi.clinic_item_id
      WHERE pi.service_id = s.id AND i.clinic_id = (SELECT id FROM c))))
    FROM unnest($3::text[]) w(code) LEFT JOIN service s ON s.code = w.code),
  'openLetters', (SELECT coalesce(json_agg(json_build_object('letterNo', coalesce(r.number, '') || '/' || l.line_no,
      'serviceCode', l.service_code, 'from', l.approved_from, 'to', l.approved_to)), '[]')
    FROM letter_request r JOIN letter_request_line l ON l.request_id = r.id
    WHERE r.policy_id = (SELECT id FROM p) AND r.id <> $4::uuid AND l.service_code = ANY($3)
      AND r.state IN ('approved', 'partially-approved', 'amended', 'pended')
      AND (l.outcome IN ('approved', 'partial') OR l.outcome = 'pended' AND l.approved_quantity > 0)),
  'policies', (SELECT json_agg(json_build_object('contractId', y.contract_id, 'effectiveFrom', y.effective_from,
      'emergencyHours', y.emergency_hours, 'standardHours', y.standard_hours,
      'plannedInpatientHours', y.planned_inpatient_hours, 'autoApproveKopecks', y.auto_approve_kopecks,
      'fourEyesKopecks', y.four_eyes_kopecks, 'escalateBeforePercent', y.escalate_before_percent,
      'validityDays', y.validity_days, 'validityRules', y.validity_rules, 'documentRules', y.document_rules)
      ORDER BY y.contract_id NULLS LAST, y.effective_from DESC)
    FROM letter_policy y WHERE y.contract_id IS NULL OR y.contract_id IN (
      SELECT g.contract_id FROM enrolment e JOIN programme g ON g.id = e.programme_id
      WHERE e.policy_id = (SELECT id FROM p))),
  'trusted', (SELECT coalesce(json_agg(json_build_object('servicePrefix', t.service_prefix,
      'sampleShare', t.sample_share)), '[]')
    FROM trusted_lane t WHERE t.clinic_id = (SELECT id FROM c) AND t.state = 'on')
) AS cover`;

/** @param requestId the request itself, left out of the open letters */
export async function readCover(
  db: Queryable,
  input: { policyNo: string; clinicCode: string; serviceCodes: readonly string[]; requestId: string },
): Promise<CoverRow> {
  const codes = [...new Set(input.serviceCodes)];
  const rows = await db.query<{ cover: CoverRow }>(COVER_SQL, [
    input.policyNo,
    input.clinicCode,
    codes,
    input.requestId,
  ]);
  return rows.rows[0]!.cover;
}
