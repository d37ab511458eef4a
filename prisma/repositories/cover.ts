import type { InsuredRow, LetterRow } from '../../models/exchange/cover-rows';
import type { Queryable } from '../pool';
import { resolveCodes } from './dictionaries';

/** Writers of people, enrolments and letters; idempotent like those of reference.ts. */

/** Rows of people with their programme looked up; keys are (policy, programme, first day). */
export interface EnrolmentWrite {
  readonly programmeId: number;
  readonly row: InsuredRow;
}

export async function upsertInsured(tx: Queryable, items: readonly EnrolmentWrite[]): Promise<void> {
  const people = new Map(items.map((item) => [item.row.policyNo, item.row]));
  const ids = await resolveCodes(tx, 'policy', [...people.keys()]);
  const rows = [...people.values()];
  await tx.query(
    `INSERT INTO insured (policy_id, sex, birth_date)
     SELECT id, sex, DATE '1970-01-01' + birth FROM unnest($1::int[], $2::text[], $3::int[]) AS p(id, sex, birth)
     ON CONFLICT (policy_id) DO UPDATE SET sex = excluded.sex, birth_date = excluded.birth_date
     WHERE (insured.sex, insured.birth_date) IS DISTINCT FROM (excluded.sex, excluded.birth_date)`,
    [rows.map((row) => ids.get(row.policyNo)), rows.map((row) => row.sex), rows.map((row) => row.birthDay)],
  );
  await tx.query(
    `INSERT INTO enrolment (policy_id, programme_id, enrolled_from, enrolled_to)
     SELECT policy, programme, DATE '1970-01-01' + first, DATE '1970-01-01' + last
     FROM unnest($1::int[], $2::int[], $3::int[], $4::int[]) AS e(policy, programme, first, last)
     ON CONFLICT (policy_id, programme_id, enrolled_from) DO UPDATE SET enrolled_to = excluded.enrolled_to
     WHERE enrolment.enrolled_to IS DISTINCT FROM excluded.enrolled_to`,
    [
      items.map((item) => ids.get(item.row.policyNo)),
      items.map((item) => item.programmeId),
      items.map((item) => item.row.enrolledFrom),
      items.map((item) => item.row.enrolledTo),
    ],
  );
}

/** Rows of letters with their clinic looked up; the key is the letter number. */
export interface LetterWrite {
  readonly clinicId: number;
  readonly row: LetterRow;
}

export async function upsertLetters(tx: Queryable, items: readonly LetterWrite[]): Promise<void> {
  const policies = await resolveCodes(tx, 'policy', [...new Set(items.map((item) => item.row.policyNo))]);
  const letters = await resolveCodes(tx, 'letter_ref', [...new Set(items.map((item) => item.row.letterNo))]);
  await tx.query(
    `INSERT INTO guarantee_letter
       (letter_ref_id, policy_id, clinic_id, service_code, quantity, amount_kopecks, valid_from, valid_to)
     SELECT letter, policy, clinic, service, quantity, amount, DATE '1970-01-01' + first, DATE '1970-01-01' + last
     FROM unnest($1::int[], $2::int[], $3::int[], $4::text[], $5::int[], $6::bigint[], $7::int[], $8::int[])
       AS l(letter, policy, clinic, service, quantity, amount, first, last)
     ON CONFLICT (letter_ref_id) DO UPDATE SET policy_id = excluded.policy_id, clinic_id = excluded.clinic_id,
       service_code = excluded.service_code, quantity = excluded.quantity, amount_kopecks = excluded.amount_kopecks,
       valid_from = excluded.valid_from, valid_to = excluded.valid_to
     WHERE to_jsonb(guarantee_letter) IS DISTINCT FROM to_jsonb(excluded)`,
    [
      items.map((item) => letters.get(item.row.letterNo)),
      items.map((item) => policies.get(item.row.policyNo)),
      items.map((item) => item.clinicId),
      items.map((item) => item.row.serviceCode),
      items.map((item) => item.row.quantity),
      items.map((item) => item.row.amountKopecks),
      items.map((item) => item.row.validFrom),
      items.map((item) => item.row.validTo),
    ],
  );
}
