import type { ContractYear } from '../../models/letters/contract-year';
import type { Queryable } from '../pool';
import { letterNumberOf } from './letters';

/** Whose limits: a person under a contract. */
export interface LimitAccount {
  readonly policyId: number;
  readonly contractId: number;
}

/** One limit in one contract year. `key`: `annual` (kopecks of the insurer's share) or a service prefix (units). */
export interface YearLimit extends ContractYear {
  readonly key: string;
  readonly cap: number;
}

export interface LockedLimit extends YearLimit {
  /** What open letters hold and have not used. */
  readonly reserved: number;
  /** What invoice lines have taken, refused ones left out. */
  readonly billed: number;
}

/** Class of the advisory locks that make one person's letters wait for each other. */
const PERSON_LOCK = 715;

/**
 * Everything that promises something to one person happens one after the other until each transaction ends: limits,
 * duplicates and reservations are then read by statements that began after the ones before had committed (invariant 5).
 * Takes the next number of a letter on the way (a round trip less; a number may stay unused).
 */
export async function lockPerson(tx: Queryable, policyNo: string): Promise<{ letterNumber: string }> {
  const rows = await tx.query<{ no: number }>({
    name: 'letter-lock-person',
    text: `SELECT nextval('letter_number') AS no FROM (SELECT 1) one
      LEFT JOIN LATERAL (SELECT pg_advisory_xact_lock(${PERSON_LOCK}, id) FROM policy WHERE policy_no = $1) l ON true`,
    values: [policyNo],
  });
  return { letterNumber: letterNumberOf(rows.rows[0]!.no) };
}

/** The same by the person's id. */
export async function lockPersonById(tx: Queryable, policyId: number): Promise<void> {
  await tx.query(`SELECT pg_advisory_xact_lock(${PERSON_LOCK}, $1)`, [policyId]);
}

/** The same for everybody to whom these requests promise something, in order. */
export async function lockPeopleOf(tx: Queryable, requestIds: readonly string[]): Promise<void> {
  await tx.query(
    `SELECT pg_advisory_xact_lock(${PERSON_LOCK}, id) FROM (
       SELECT DISTINCT policy_id AS id FROM letter_request WHERE id = ANY($1::uuid[]) ORDER BY 1) people`,
    [requestIds],
  );
}

/** Locks the person's counters (made on first use) in key order until the transaction ends, and reads what is billed. */
export async function lockLimits(
  tx: Queryable,
  account: LimitAccount,
  limits: readonly YearLimit[],
): Promise<LockedLimit[]> {
  if (limits.length === 0) return [];
  const rows = await tx.query<LockedLimit>({
    name: 'letter-lock-limits',
    text: `WITH asked AS (
       SELECT * FROM unnest($3::date[], $4::date[], $5::text[], $6::bigint[]) k(year_start, year_end, key, cap)),
     counter AS (
       INSERT INTO limit_counter (policy_id, contract_id, year_start, limit_key, cap)
       SELECT $1, $2, k.year_start, k.key, k.cap FROM asked k ORDER BY k.year_start, k.key
       ON CONFLICT (policy_id, contract_id, year_start, limit_key)
       DO UPDATE SET cap = GREATEST(EXCLUDED.cap, limit_counter.reserved)
       RETURNING year_start, limit_key, reserved)
     SELECT ${LIMIT_COLUMNS}, c.reserved
     FROM asked k JOIN counter c ON c.limit_key = k.key AND c.year_start = k.year_start
     LEFT JOIN LATERAL (${BILLED_SQL}) b ON true ORDER BY k.year_start, k.key`,
    values: valuesOf(account, limits),
  });
  return rows.rows;
}

/** The same without locks or writes, for coverage checks. */
export async function readLimits(
  db: Queryable,
  account: LimitAccount,
  limits: readonly YearLimit[],
): Promise<LockedLimit[]> {
  if (limits.length === 0) return [];
  const rows = await db.query<LockedLimit>(
    `SELECT ${LIMIT_COLUMNS}, coalesce(c.reserved, 0)::bigint AS reserved
     FROM unnest($3::date[], $4::date[], $5::text[], $6::bigint[]) k(year_start, year_end, key, cap)
     LEFT JOIN limit_counter c
       ON c.policy_id = $1 AND c.contract_id = $2 AND c.year_start = k.year_start AND c.limit_key = k.key
     LEFT JOIN LATERAL (${BILLED_SQL}) b ON true ORDER BY k.year_start, k.key`,
    valuesOf(account, limits),
  );
  return rows.rows;
}

const LIMIT_COLUMNS = `k.year_start::text AS "yearStart", k.year_end::text AS "yearEnd", k.key, k.cap,
       coalesce(b.billed, 0)::bigint AS billed`;

function valuesOf(account: LimitAccount, limits: readonly YearLimit[]): unknown[] {
  return [
    account.policyId,
    account.contractId,
    limits.map((limit) => limit.yearStart),
    limits.map((limit) => limit.yearEnd),
    limits.map((limit) => limit.key),
    limits.map((limit) => limit.cap),
  ];
}

/**
 * Lines of the person in the contract year that are not refused and were covered by a programme of the contract on
 * their date; the service is that of the price in force on the service date (latest valid_from).
 */
const BILLED_SQL = `
  SELECT sum(CASE WHEN k.key = 'annual' THEN l.amount_kopecks - l.patient_share_kopecks ELSE l.quantity END) AS billed
  FROM invoice_line l
  WHERE l.policy_id = $1 AND l.current AND l.service_date BETWEEN k.year_start AND k.year_end
    AND NOT EXISTS (SELECT 1 FROM verdict v WHERE v.line_id = l.id AND v.active AND v.kind = 'refuse')
    AND EXISTS (SELECT 1 FROM enrolment e JOIN programme g ON g.id = e.programme_id
      WHERE e.policy_id = l.policy_id AND g.contract_id = $2
        AND l.service_date BETWEEN e.enrolled_from AND e.enrolled_to)
    AND (k.key = 'annual' OR starts_with((
      SELECT s.code FROM price_item p JOIN service s ON s.id = p.service_id
      WHERE p.clinic_item_id = l.clinic_item_id AND l.service_date >= p.valid_from
        AND (p.valid_to IS NULL OR l.service_date <= p.valid_to)
      ORDER BY p.valid_from DESC LIMIT 1), k.key))`;

/** What one requested line is to hold from now on; only what invoices have not taken yet. */
export interface Holding {
  readonly lineNo: number;
  readonly yearStart: string;
  readonly key: string;
  readonly amount: number;
}

/**
 * Brings the request's reservations to exactly `holdings` (none = everything is released) and moves the counters by the
 * difference, in one statement. Throws the database's check violation when a cap would be overspent.
 */
export async function holdLimits(
  tx: Queryable,
  requestId: string,
  account: LimitAccount,
  holdings: readonly Holding[],
): Promise<void> {
  await tx.query({
    name: 'letter-hold-limits',
    text: `WITH wanted AS (
       SELECT * FROM unnest($4::int[], $5::date[], $6::text[], $7::bigint[]) w(line_no, year_start, limit_key, amount)),
     gone AS (
       UPDATE limit_reservation r SET state = 'released'
       WHERE r.request_id = $1 AND r.state = 'held'
         AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.line_no = r.line_no AND w.limit_key = r.limit_key)
       RETURNING r.limit_key),
     before AS (
       SELECT year_start, limit_key, sum(amount) AS held FROM limit_reservation
       WHERE request_id = $1 AND state = 'held' GROUP BY year_start, limit_key),
     kept AS (
       INSERT INTO limit_reservation (request_id, line_no, policy_id, contract_id, year_start, limit_key, amount)
       SELECT $1, w.line_no, $2, $3, w.year_start, w.limit_key, w.amount FROM wanted w
       ON CONFLICT (request_id, line_no, limit_key)
       DO UPDATE SET amount = EXCLUDED.amount, state = 'held', year_start = EXCLUDED.year_start
       RETURNING limit_key),
     after AS (SELECT year_start, limit_key, sum(amount) AS held FROM wanted GROUP BY year_start, limit_key),
     delta AS (
       SELECT coalesce(a.year_start, b.year_start) AS year_start, coalesce(a.limit_key, b.limit_key) AS limit_key,
         coalesce(a.held, 0) - coalesce(b.held, 0) AS moved
       FROM after a FULL JOIN before b ON b.limit_key = a.limit_key AND b.year_start = a.year_start)
     UPDATE limit_counter c SET reserved = c.reserved + d.moved FROM delta d
     WHERE c.policy_id = $2 AND c.contract_id = $3 AND c.year_start = d.year_start AND c.limit_key = d.limit_key
       AND d.moved <> 0`,
    values: [
      requestId,
      account.policyId,
      account.contractId,
      holdings.map((holding) => holding.lineNo),
      holdings.map((holding) => holding.yearStart),
      holdings.map((holding) => holding.key),
      holdings.map((holding) => holding.amount),
    ],
  });
}

/** What a stored request's promises stand on: its programme's limits, its cover, and what it holds now. */
export interface HeldAccount extends LimitAccount {
  readonly contractStart: string;
  readonly franchisePercent: number;
  readonly annualLimitKopecks: number | null;
  readonly serviceLimits: readonly { readonly service: string; readonly max_quantity: number }[];
  /** Last enrolled day of the enrolment that the request was judged by. */
  readonly coveredTo: string | null;
  readonly services: readonly { readonly lineNo: number; readonly code: string }[];
  readonly held: readonly Holding[];
}

/** Null when the request stands on no programme (nothing is limited, nothing covers it). */
export async function readHeldAccount(tx: Queryable, requestId: string): Promise<HeldAccount | null> {
  const rows = await tx.query<HeldAccount>(
    `SELECT r.policy_id AS "policyId", r.contract_id AS "contractId", k.start_date AS "contractStart",
       g.franchise_percent::float8 AS "franchisePercent", g.annual_limit_kopecks AS "annualLimitKopecks",
       g.service_limits AS "serviceLimits",
       (SELECT max(e.enrolled_to) FROM enrolment e, letter_request_line l
        WHERE e.policy_id = r.policy_id AND e.programme_id = r.programme_id AND l.request_id = r.id
          AND l.period_from BETWEEN e.enrolled_from AND e.enrolled_to) AS "coveredTo",
       (SELECT json_agg(json_build_object('lineNo', l.line_no, 'code', l.service_code))
        FROM letter_request_line l WHERE l.request_id = r.id) AS services,
       (SELECT coalesce(json_agg(json_build_object('lineNo', v.line_no, 'yearStart', v.year_start,
          'key', v.limit_key, 'amount', v.amount)), '[]')
        FROM limit_reservation v WHERE v.request_id = r.id AND v.state = 'held') AS held
     FROM letter_request r JOIN programme g ON g.id = r.programme_id JOIN contract k ON k.id = r.contract_id
     WHERE r.id = $1`,
    [requestId],
  );
  return rows.rows[0] ?? null;
}
