import type { ProgrammeRow } from '../../models/exchange/programmes.schema';
import type {
  ClinicRow,
  ContractRow,
  DiagnosisRow,
  PriceItemRow,
  ServiceRow,
} from '../../models/exchange/reference-rows';
import type { Queryable } from '../pool';
import { resolveClinicItems } from './dictionaries';

/**
 * Writers of reference data. Each takes a chunk of rows with distinct keys and is idempotent: new keys are added, known
 * ones brought up to date, and nothing is touched that is the same already.
 */

export async function upsertServices(tx: Queryable, rows: readonly ServiceRow[]): Promise<void> {
  await tx.query(
    `INSERT INTO service (code, name, kind, specialty, minutes)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::int[])
     ON CONFLICT (code) DO UPDATE SET name = excluded.name, kind = excluded.kind, specialty = excluded.specialty,
       minutes = excluded.minutes
     WHERE (service.name, service.kind, service.specialty, service.minutes)
       IS DISTINCT FROM (excluded.name, excluded.kind, excluded.specialty, excluded.minutes)`,
    [
      rows.map((row) => row.serviceCode),
      rows.map((row) => row.name),
      rows.map((row) => row.kind),
      rows.map((row) => row.specialty),
      rows.map((row) => row.minutes),
    ],
  );
}

/** A code that lines had brought before the classifier did becomes a known one. */
export async function upsertDiagnoses(tx: Queryable, rows: readonly DiagnosisRow[]): Promise<void> {
  await tx.query(
    `INSERT INTO diagnosis (code, name, known, billable)
     SELECT code, name, true, billable FROM unnest($1::text[], $2::text[], $3::bool[]) AS d(code, name, billable)
     ON CONFLICT (code) DO UPDATE SET name = excluded.name, known = true, billable = excluded.billable
     WHERE (diagnosis.name, diagnosis.known, diagnosis.billable)
       IS DISTINCT FROM (excluded.name, excluded.known, excluded.billable)`,
    [rows.map((row) => row.diagnosisCode), rows.map((row) => row.name), rows.map((row) => row.billable)],
  );
}

/** Clinics with their hubs; a hub that is not there yet is added under its name. */
export async function upsertClinics(tx: Queryable, rows: readonly ClinicRow[]): Promise<void> {
  await tx.query(
    `INSERT INTO hub (code, name) SELECT DISTINCT n, n FROM unnest($1::text[]) AS n
     WHERE NOT EXISTS (SELECT 1 FROM hub WHERE name = n OR code = n) ON CONFLICT DO NOTHING`,
    [rows.map((row) => row.hub)],
  );
  await tx.query(
    `INSERT INTO clinic (code, name, city, level, latitude, longitude, payment_mode, open_sunday, billing_term_days, hub_id)
     SELECT c.code, c.name, c.city, c.level, c.latitude, c.longitude, c.payment_mode, c.open_sunday, c.term,
       (SELECT id FROM hub WHERE name = c.hub OR code = c.hub ORDER BY id LIMIT 1)
     FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::float8[], $6::float8[], $7::text[], $8::bool[],
       $9::int[], $10::text[])
       AS c(code, name, city, level, latitude, longitude, payment_mode, open_sunday, term, hub)
     ON CONFLICT (code) DO UPDATE SET name = excluded.name, city = excluded.city, level = excluded.level,
       latitude = excluded.latitude, longitude = excluded.longitude, payment_mode = excluded.payment_mode,
       open_sunday = excluded.open_sunday, billing_term_days = excluded.billing_term_days, hub_id = excluded.hub_id
     WHERE to_jsonb(clinic) - 'id' IS DISTINCT FROM to_jsonb(excluded) - 'id'`,
    [
      rows.map((row) => row.clinicCode),
      rows.map((row) => row.name),
      rows.map((row) => row.city),
      rows.map((row) => row.level),
      rows.map((row) => row.latitude),
      rows.map((row) => row.longitude),
      rows.map((row) => row.paymentMode),
      rows.map((row) => row.openSunday),
      rows.map((row) => row.billingTermDays),
      rows.map((row) => row.hub),
    ],
  );
}

/** A price with its clinic and service already looked up; `serviceId` null: not mapped. */
export interface PriceItemWrite {
  readonly clinicId: number;
  readonly serviceId: number | null;
  readonly row: PriceItemRow;
}

/** Keys are (clinic, item code, first day). */
export async function upsertPriceItems(tx: Queryable, items: readonly PriceItemWrite[]): Promise<void> {
  const itemIds = await resolveClinicItems(tx, ...uniqueItems(items));
  const idOf = new Map(uniqueKeys(items).map((key, index) => [key, itemIds[index]!]));
  await tx.query(
    `INSERT INTO price_item (clinic_item_id, item_name, service_id, price_kopecks, valid_from, valid_to)
     SELECT item, name, service, price, DATE '1970-01-01' + first, DATE '1970-01-01' + last
     FROM unnest($1::int[], $2::text[], $3::int[], $4::bigint[], $5::int[], $6::int[])
       AS p(item, name, service, price, first, last)
     ON CONFLICT (clinic_item_id, valid_from) DO UPDATE SET item_name = excluded.item_name,
       service_id = excluded.service_id, price_kopecks = excluded.price_kopecks, valid_to = excluded.valid_to
     WHERE (price_item.item_name, price_item.service_id, price_item.price_kopecks, price_item.valid_to)
       IS DISTINCT FROM (excluded.item_name, excluded.service_id, excluded.price_kopecks, excluded.valid_to)`,
    [
      items.map((item) => idOf.get(itemKey(item))),
      items.map((item) => item.row.itemName),
      items.map((item) => item.serviceId),
      items.map((item) => item.row.priceKopecks),
      items.map((item) => item.row.validFrom),
      items.map((item) => item.row.validTo),
    ],
  );
}

export async function upsertContracts(tx: Queryable, rows: readonly ContractRow[]): Promise<void> {
  await tx.query(
    `INSERT INTO policyholder (name) SELECT DISTINCT n FROM unnest($1::text[]) AS n ON CONFLICT DO NOTHING`,
    [rows.map((row) => row.policyholder)],
  );
  await tx.query(
    `INSERT INTO contract (contract_no, policyholder_id, start_date, end_date)
     SELECT c.no, p.id, DATE '1970-01-01' + c.first, DATE '1970-01-01' + c.last
     FROM unnest($1::text[], $2::text[], $3::int[], $4::int[]) AS c(no, holder, first, last)
     JOIN policyholder p ON p.name = c.holder
     ON CONFLICT (contract_no) DO UPDATE SET policyholder_id = excluded.policyholder_id,
       start_date = excluded.start_date, end_date = excluded.end_date
     WHERE (contract.policyholder_id, contract.start_date, contract.end_date)
       IS DISTINCT FROM (excluded.policyholder_id, excluded.start_date, excluded.end_date)`,
    [
      rows.map((row) => row.contractNo),
      rows.map((row) => row.policyholder),
      rows.map((row) => row.startDay),
      rows.map((row) => row.endDay),
    ],
  );
}

/** Contract numbers that are there. */
export async function contractNumbers(db: Queryable): Promise<Set<string>> {
  const rows = await db.query<{ no: string }>('SELECT contract_no AS no FROM contract');
  return new Set(rows.rows.map((row) => row.no));
}

/**
 * Writes one programme of a known contract; clinic codes that nobody knows are left out. What has not changed is not
 * written: a file that comes again must not look like a change of the reference.
 */
export async function upsertProgramme(tx: Queryable, row: ProgrammeRow): Promise<void> {
  await tx.query(
    `INSERT INTO programme (code, contract_id, name, covered_kinds, excluded_services, excluded_diagnoses,
       letter_required, service_limits, waiting_days, franchise_percent, annual_limit_kopecks)
     SELECT $1, c.id, $3, $4, $5, $6, $7, $8, $9, $10::numeric, $11 FROM contract c WHERE c.contract_no = $2
     ON CONFLICT (code) DO UPDATE SET contract_id = excluded.contract_id, name = excluded.name,
       covered_kinds = excluded.covered_kinds, excluded_services = excluded.excluded_services,
       excluded_diagnoses = excluded.excluded_diagnoses, letter_required = excluded.letter_required,
       service_limits = excluded.service_limits, waiting_days = excluded.waiting_days,
       franchise_percent = excluded.franchise_percent, annual_limit_kopecks = excluded.annual_limit_kopecks
     WHERE (programme.contract_id, programme.name, programme.covered_kinds, programme.excluded_services,
         programme.excluded_diagnoses, programme.letter_required, programme.service_limits, programme.waiting_days,
         programme.franchise_percent, programme.annual_limit_kopecks)
       IS DISTINCT FROM (excluded.contract_id, excluded.name, excluded.covered_kinds, excluded.excluded_services,
         excluded.excluded_diagnoses, excluded.letter_required, excluded.service_limits, excluded.waiting_days,
         excluded.franchise_percent, excluded.annual_limit_kopecks)`,
    [
      row.programme_code,
      row.contract_no,
      row.name,
      row.covered_kinds,
      row.excluded_services,
      row.excluded_diagnoses,
      row.letter_required,
      JSON.stringify(row.service_limits),
      row.waiting_days,
      row.franchise_percent,
      row.annual_limit_rub,
    ],
  );
  const saved = await tx.query<{ id: number }>('SELECT id FROM programme WHERE code = $1', [row.programme_code]);
  const id = saved.rows[0]!.id;
  await tx.query(
    `DELETE FROM programme_clinic pc USING clinic c
     WHERE pc.programme_id = $1 AND c.id = pc.clinic_id AND c.code <> ALL($2::text[])`,
    [id, row.clinics],
  );
  await tx.query(
    `INSERT INTO programme_clinic (programme_id, clinic_id)
     SELECT $1, id FROM clinic WHERE code = ANY($2::text[]) ON CONFLICT DO NOTHING`,
    [id, row.clinics],
  );
}

function itemKey(item: PriceItemWrite): string {
  return `${item.clinicId}\u0000${item.row.itemCode}`;
}

function uniqueKeys(items: readonly PriceItemWrite[]): string[] {
  return [...new Set(items.map(itemKey))];
}

function uniqueItems(items: readonly PriceItemWrite[]): [number[], string[]] {
  const byKey = new Map(items.map((item) => [itemKey(item), item]));
  const unique = uniqueKeys(items).map((key) => byKey.get(key)!);
  return [unique.map((item) => item.clinicId), unique.map((item) => item.row.itemCode)];
}

/**
 * Tells the planner what a bulk load has brought. Without it the first queries over fresh tables are planned for empty
 * ones, as nested loops that take minutes; autovacuum would come a minute later.
 */
export async function refreshStatistics(db: Queryable): Promise<void> {
  await db.query(
    'ANALYZE clinic, service, diagnosis, clinic_item, price_item, contract, programme, programme_clinic, policy, insured, enrolment',
  );
}
