import type { Pool } from '../../prisma/pool';
import type { TestApi, TestCaller } from './api';
import { addDays } from './dates';

/** A person of the demo insurer with one clinic and one priced, covered service there. */
export interface LetterPerson {
  readonly policyNo: string;
  readonly policyId: number;
  readonly clinicCode: string;
  readonly clinicId: number;
  readonly contractId: number;
  readonly itemCode: string;
  readonly priceKopecks: number;
}

/** Ultrasound of the oesophagus and stomach: an imaging service that the demo programmes cover. */
export const SERVICE = 'A04.16.001';
/** Chronic superficial gastritis: the open pack lists the service for it. */
export const DIAGNOSIS = 'K29.3';

/** The nth such person; their enrolment is made to cover the present, whenever the test runs. */
export async function letterPerson(pool: Pool, today: string, nth = 0): Promise<LetterPerson> {
  const rows = await pool.query<LetterPerson & { programmeId: number }>(
    `SELECT p.policy_no AS "policyNo", p.id AS "policyId", c.code AS "clinicCode", c.id AS "clinicId",
       g.contract_id AS "contractId", g.id AS "programmeId", ci.item_code AS "itemCode",
       i.price_kopecks AS "priceKopecks"
     FROM enrolment e JOIN policy p ON p.id = e.policy_id JOIN programme g ON g.id = e.programme_id
       JOIN programme_clinic pc ON pc.programme_id = g.id JOIN clinic c ON c.id = pc.clinic_id
       JOIN clinic_item ci ON ci.clinic_id = c.id JOIN price_item i ON i.clinic_item_id = ci.id
       JOIN service s ON s.id = i.service_id
     WHERE s.code = $1 AND i.valid_to IS NULL AND g.annual_limit_kopecks IS NOT NULL AND 'imaging' = ANY(g.covered_kinds)
       AND c.payment_mode = 'fee-for-service' AND e.enrolled_from < '2025-06-01' AND g.franchise_percent > 0
     ORDER BY p.policy_no, c.code, i.price_kopecks`,
    [SERVICE],
  );
  const perPerson = new Map(rows.rows.reverse().map((row) => [row.policyNo, row]));
  const { programmeId, ...person } = [...perPerson.values()].reverse()[nth]!;
  // Limits are kept per contract year: the present lies in the middle of one, whenever the test runs.
  await pool.query(`UPDATE contract SET start_date = $2, end_date = $3 WHERE id = $1`, [
    person.contractId,
    addDays(today, -150),
    addDays(today, 900),
  ]);
  await pool.query(
    `INSERT INTO enrolment (policy_id, programme_id, enrolled_from, enrolled_to) VALUES ($1, $2, $3, $4)
     ON CONFLICT DO NOTHING`,
    [person.policyId, programmeId, addDays(today, -200), addDays(today, 400)],
  );
  return person;
}

/** Asks for people that no test has used yet, one after another, each with a caller of the clinic. */
export function newcomers(
  api: () => TestApi,
  today: string,
): () => Promise<{ readonly person: LetterPerson; readonly clinic: TestCaller }> {
  let nth = 0;
  return async () => {
    const person = await letterPerson(api().pool, today, nth);
    nth += 1;
    return { person, clinic: await api().as('clinic', { clinicId: person.clinicId }) };
  };
}

/** Asks for one unit of the service within three weeks; `over` replaces fields of its line. */
export function letterRequest(person: LetterPerson, today: string, over: object = {}) {
  const standard = { serviceCode: SERVICE, diagnosisCode: DIAGNOSIS, quantity: 1 };
  return {
    policyNo: person.policyNo,
    clinicCode: person.clinicCode,
    lines: [{ ...standard, periodFrom: today, periodTo: addDays(today, 20), ...over }],
  };
}
