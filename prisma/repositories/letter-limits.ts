import type { Queryable } from '../pool';

/** A person's limits in one contract year. `limitKey`: `annual` (kopecks) or a service prefix (units). */
export interface LimitAccount {
  readonly policyId: number;
  readonly contractId: number;
  readonly yearStart: string;
  /** Last day of the contract year. */
  readonly yearEnd: string;
}

export interface LockedLimit {
  readonly key: string;
  readonly cap: number;
  /** What open letters hold and have not used. */
  readonly reserved: number;
  /** What invoice lines have taken, refused ones left out. */
  readonly billed: number;
}

/**
 * Locks the person's counters (made on first use) in key order until the transaction ends, and reads what is billed:
 * whoever races for the last unit waits here, so a limit is never overspent (invariant 5).
 */
export async function lockLimits(
  tx: Queryable,
  account: LimitAccount,
  caps: readonly { readonly key: string; readonly cap: number }[],
): Promise<LockedLimit[]> {
  if (caps.length === 0) return [];
  const sorted = [...caps].sort((a, b) => (a.key < b.key ? -1 : 1));
  const rows = await tx.query<LockedLimit>(
    `WITH counter AS (
       INSERT INTO limit_counter (policy_id, contract_id, year_start, limit_key, cap)
       SELECT $1, $2, $3, k.key, k.cap FROM unnest($5::text[], $6::bigint[]) k(key, cap)
       ON CONFLICT (policy_id, contract_id, year_start, limit_key)
       DO UPDATE SET cap = GREATEST(EXCLUDED.cap, limit_counter.reserved)
       RETURNING limit_key, reserved)
     SELECT k.key, k.cap, c.reserved, coalesce(b.billed, 0)::bigint AS billed
     FROM unnest($5::text[], $6::bigint[]) k(key, cap) JOIN counter c ON c.limit_key = k.key
     LEFT JOIN LATERAL (${BILLED_SQL}) b ON true ORDER BY k.key`,
    [
      account.policyId,
      account.contractId,
      account.yearStart,
      account.yearEnd,
      sorted.map((cap) => cap.key),
      sorted.map((cap) => cap.cap),
    ],
  );
  return rows.rows;
}

/** The same without locks or writes, for coverage checks. */
export async function readLimits(
  db: Queryable,
  account: LimitAccount,
  caps: readonly { readonly key: string; readonly cap: number }[],
): Promise<LockedLimit[]> {
  if (caps.length === 0) return [];
  const rows = await db.query<LockedLimit>(
    `SELECT k.key, k.cap, coalesce(c.reserved, 0)::bigint AS reserved, coalesce(b.billed, 0)::bigint AS billed
     FROM unnest($5::text[], $6::bigint[]) k(key, cap)
     LEFT JOIN limit_counter c ON c.policy_id = $1 AND c.contract_id = $2 AND c.year_start = $3 AND c.limit_key = k.key
     LEFT JOIN LATERAL (${BILLED_SQL}) b ON true ORDER BY k.key`,
    [
      account.policyId,
      account.contractId,
      account.yearStart,
      account.yearEnd,
      caps.map((cap) => cap.key),
      caps.map((cap) => cap.cap),
    ],
  );
  return rows.rows;
}

/**
 * Lines of the person in the contract year that are not refused and were covered by a programme of the contract on
 * their date; the service is that of the price in force on the service date (latest valid_from).
 */
const BILLED_SQL = `
  SELECT sum(CASE WHEN k.key = 'annual' THEN l.amount_kopecks - l.patient_share_kopecks ELSE l.quantity END) AS billed
  FROM invoice_line l
  WHERE l.policy_id = $1 AND l.current AND l.service_date BETWEEN $3::date AND $4::date
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
  account: Omit<LimitAccount, 'yearEnd'>,
  holdings: readonly Holding[],
): Promise<void> {
  const ordered = [...holdings].sort((a, b) => (a.key < b.key ? -1 : 1));
  await tx.query(
    `WITH wanted AS (
       SELECT * FROM unnest($5::int[], $6::text[], $7::bigint[]) w(line_no, limit_key, amount)),
     gone AS (
       UPDATE limit_reservation r SET state = 'released'
       WHERE r.request_id = $1 AND r.state = 'held'
         AND NOT EXISTS (SELECT 1 FROM wanted w WHERE w.line_no = r.line_no AND w.limit_key = r.limit_key)
       RETURNING r.limit_key),
     before AS (
       SELECT limit_key, sum(amount) AS held FROM limit_reservation
       WHERE request_id = $1 AND state = 'held' GROUP BY limit_key),
     kept AS (
       INSERT INTO limit_reservation (request_id, line_no, policy_id, contract_id, year_start, limit_key, amount)
       SELECT $1, w.line_no, $2, $3, $4, w.limit_key, w.amount FROM wanted w
       ON CONFLICT (request_id, line_no, limit_key)
       DO UPDATE SET amount = EXCLUDED.amount, state = 'held'
       RETURNING limit_key),
     after AS (SELECT limit_key, sum(amount) AS held FROM wanted GROUP BY limit_key),
     delta AS (
       SELECT coalesce(a.limit_key, b.limit_key) AS limit_key, coalesce(a.held, 0) - coalesce(b.held, 0) AS moved
       FROM after a FULL JOIN before b ON b.limit_key = a.limit_key)
     UPDATE limit_counter c SET reserved = c.reserved + d.moved FROM delta d
     WHERE c.policy_id = $2 AND c.contract_id = $3 AND c.year_start = $4 AND c.limit_key = d.limit_key AND d.moved <> 0`,
    [
      requestId,
      account.policyId,
      account.contractId,
      account.yearStart,
      ordered.map((holding) => holding.lineNo),
      ordered.map((holding) => holding.key),
      ordered.map((holding) => holding.amount),
    ],
  );
}

export interface HeldAccount extends Omit<LimitAccount, 'yearEnd'> {
  readonly franchisePercent: number;
  /** Limits that apply to the request, with the lines that each service limit is about. */
  readonly limits: readonly { readonly key: string; readonly lineNos: readonly number[] }[];
}

/** The counters that a request's lines count towards, by its programme. Null when nothing is limited. */
export async function readHeldAccount(tx: Queryable, requestId: string): Promise<HeldAccount | null> {
  const rows = await tx.query<HeldAccount>(
    `SELECT r.policy_id AS "policyId", r.contract_id AS "contractId", y.year_start::text AS "yearStart",
       g.franchise_percent::float8 AS "franchisePercent",
       (SELECT json_agg(json_build_object('key', c.limit_key, 'lineNos', (
           SELECT coalesce(json_agg(l.line_no), '[]') FROM letter_request_line l
           WHERE l.request_id = r.id AND starts_with(l.service_code, c.limit_key))))
        FROM limit_counter c WHERE c.policy_id = r.policy_id AND c.contract_id = r.contract_id
          AND c.year_start = y.year_start
          AND (c.limit_key = 'annual' OR EXISTS (SELECT 1 FROM letter_request_line l
            WHERE l.request_id = r.id AND starts_with(l.service_code, c.limit_key)))) AS limits
     FROM letter_request r JOIN programme g ON g.id = r.programme_id
       JOIN LATERAL (SELECT max(c.year_start) AS year_start FROM limit_counter c
         WHERE c.policy_id = r.policy_id AND c.contract_id = r.contract_id AND c.year_start <= (
           SELECT min(l.period_from) FROM letter_request_line l WHERE l.request_id = r.id)) y ON true
     WHERE r.id = $1 AND y.year_start IS NOT NULL`,
    [requestId],
  );
  const account = rows.rows[0];
  return account === undefined || account.limits === null ? null : account;
}
