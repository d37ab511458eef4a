import type { SurveyQuestion } from '../../models/feedback/survey/questions';
import type { Queryable } from '../pool';

export type SurveyState = 'chosen' | 'sent' | 'answered' | 'expired' | 'opted-out';

/** Whom to tell, and nothing of what about: the message carries a link only. */
export interface Addressee {
  readonly surveyId: string;
  readonly channel: 'email' | 'sms' | 'push';
  readonly address: string;
  readonly locale: 'ru' | 'en';
}

export interface Waiting {
  readonly roundId: string;
  readonly kind: 'invite' | 'reminder';
  readonly limit: number;
  /** Another seed gives another order, so that messages which are put off again and again hold up no others. */
  readonly seed: number;
}

/** Surveys of a round that await their first message, or their reminder; people who opted out are skipped. */
export async function waitingSurveys(db: Queryable, { roundId, kind, limit, seed }: Waiting): Promise<Addressee[]> {
  const waits = kind === 'invite' ? `s.state = 'chosen'` : `s.state = 'sent' AND s.reminded_at IS NULL`;
  const rows = await db.query<Addressee & Record<string, unknown>>(
    `SELECT s.id AS "surveyId", c.channel, c.address, c.locale FROM survey s JOIN survey_contact c USING (policy_id)
     WHERE s.round_id = $1 AND ${waits} AND s.expires_at > now() AND c.opted_out_at IS NULL
       AND c.undeliverable_at IS NULL ORDER BY hashtextextended(s.id::text, $3), s.id LIMIT $2`,
    [roundId, limit, seed],
  );
  return rows.rows;
}

export async function markSent(db: Queryable, ids: readonly string[], kind: 'invite' | 'reminder'): Promise<void> {
  const set = kind === 'invite' ? `state = 'sent', sent_at = now()` : 'reminded_at = now()';
  const still = kind === 'invite' ? 'chosen' : 'sent';
  await db.query(`UPDATE survey SET ${set} WHERE id = ANY($1::uuid[]) AND state = $2`, [ids, still]);
}

/** The addresses of these surveys are none: nobody is asked there again until the address changes. */
export async function markUndeliverable(db: Queryable, ids: readonly string[]): Promise<void> {
  if (ids.length === 0) return;
  await db.query(
    `UPDATE survey_contact c SET undeliverable_at = now() FROM survey s
     WHERE s.id = ANY($1::uuid[]) AND c.policy_id = s.policy_id AND c.undeliverable_at IS NULL`,
    [ids],
  );
}

/** The end of a round: what was not answered has expired. */
export async function closeRound(db: Queryable, roundId: string): Promise<void> {
  await db.query(
    `WITH late AS (UPDATE survey SET state = 'expired' WHERE round_id = $1 AND state IN ('chosen', 'sent'))
     UPDATE survey_round SET closed_at = COALESCE(closed_at, now()) WHERE id = $1`,
    [roundId],
  );
}

/** What the page needs of a survey. */
export interface OpenSurvey {
  readonly surveyId: string;
  readonly state: SurveyState;
  readonly expiresAt: string;
  readonly locale: 'ru' | 'en';
  readonly questions: readonly SurveyQuestion[];
  readonly policyId: number;
  readonly policyNo: string;
  readonly clinicId: number;
  readonly clinicCode: string;
  readonly invoiceNo: string;
  readonly visitDate: string;
}

/** A survey with its person; `lock` keeps a second submission of the same link waiting. */
export async function readSurvey(db: Queryable, surveyId: string, lock = false): Promise<OpenSurvey | null> {
  const rows = await db.query<OpenSurvey & Record<string, unknown>>(
    `SELECT s.id AS "surveyId", s.state, s.expires_at AS "expiresAt", COALESCE(c.locale, 'ru') AS locale, s.questions,
       s.policy_id AS "policyId", p.policy_no AS "policyNo", s.clinic_id AS "clinicId", k.code AS "clinicCode",
       s.invoice_no AS "invoiceNo", s.visit_date AS "visitDate"
     FROM survey s JOIN policy p ON p.id = s.policy_id JOIN clinic k ON k.id = s.clinic_id
       LEFT JOIN survey_contact c ON c.policy_id = s.policy_id
     WHERE s.id = $1 ${lock ? 'FOR UPDATE OF s' : ''}`,
    [surveyId],
  );
  return rows.rows[0] ?? null;
}

export async function markAnswered(tx: Queryable, surveyId: string, at: string): Promise<void> {
  await tx.query(`UPDATE survey SET state = 'answered', answered_at = $2 WHERE id = $1`, [surveyId, at]);
}

/** The person of this survey is asked nothing any more, in this round or a later one. */
export async function optOut(tx: Queryable, survey: OpenSurvey): Promise<void> {
  await tx.query('UPDATE survey_contact SET opted_out_at = COALESCE(opted_out_at, now()) WHERE policy_id = $1', [
    survey.policyId,
  ]);
  await tx.query(`UPDATE survey SET state = 'opted-out' WHERE policy_id = $1 AND state IN ('chosen', 'sent')`, [
    survey.policyId,
  ]);
}

export interface ContactWrite {
  readonly policyNo: string;
  readonly channel: 'email' | 'sms' | 'push';
  readonly address: string;
  readonly locale: 'ru' | 'en';
  readonly perPeriod: number;
}

/** Adds or changes contacts of known people; an opt-out stays. Returns the policy numbers that nobody has. */
export async function upsertContacts(db: Queryable, contacts: readonly ContactWrite[]): Promise<string[]> {
  const rows = await db.query<{ policyNo: string; known: boolean }>(
    `WITH given AS (
       SELECT g.*, p.id FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[])
         AS g(policy_no, channel, address, locale, per_period) LEFT JOIN policy p ON p.policy_no = g.policy_no),
     kept AS (
       INSERT INTO survey_contact (policy_id, channel, address, locale, per_period)
       SELECT DISTINCT ON (id) id, channel, address, locale, per_period FROM given WHERE id IS NOT NULL
       ON CONFLICT (policy_id) DO UPDATE SET channel = excluded.channel, address = excluded.address,
         locale = excluded.locale, per_period = excluded.per_period, updated_at = now(),
         undeliverable_at = CASE WHEN (survey_contact.channel, survey_contact.address)
           = (excluded.channel, excluded.address) THEN survey_contact.undeliverable_at END)
     SELECT policy_no AS "policyNo", id IS NOT NULL AS known FROM given`,
    [
      contacts.map((one) => one.policyNo),
      contacts.map((one) => one.channel),
      contacts.map((one) => one.address),
      contacts.map((one) => one.locale),
      contacts.map((one) => one.perPeriod),
    ],
  );
  return rows.rows.filter((row) => !row.known).map((row) => row.policyNo);
}

export interface RoundCounts {
  readonly byState: readonly { readonly state: SurveyState; readonly surveys: number }[];
  readonly reminded: number;
}

export async function countRound(db: Queryable, roundId: string): Promise<RoundCounts> {
  const rows = await db.query<{ state: SurveyState; surveys: number; reminded: number }>(
    `SELECT state, count(*)::int AS surveys, count(reminded_at)::int AS reminded FROM survey WHERE round_id = $1
     GROUP BY state ORDER BY state`,
    [roundId],
  );
  const byState = rows.rows.map(({ state, surveys }) => ({ state, surveys }));
  return { byState, reminded: rows.rows.reduce((sum, row) => sum + row.reminded, 0) };
}

/** Denials of a round's answered facts with the probability at which each was asked. */
export async function readWeightedDenials(
  db: Queryable,
  roundId: string,
): Promise<{ denied: boolean; probability: number }[]> {
  const rows = await db.query<{ denied: boolean; probability: number }>(
    `SELECT f.answer = 'no' AS denied, s.probability FROM survey s JOIN feedback_answer f ON f.survey_id = s.id::text
     WHERE s.round_id = $1 AND f.question = 'service-rendered' AND f.answer IN ('yes', 'no')`,
    [roundId],
  );
  return rows.rows;
}
