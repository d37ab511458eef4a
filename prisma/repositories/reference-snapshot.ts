import type { GuidelinePack, ReviewReference } from '../../models/review/reference';
import type { ServiceKind } from '../../models/service-kinds';
import type { Queryable } from '../pool';

/** The review reference with the database ids of its rows: a chunk translates ids to positions with it. */
export interface ReferenceSnapshot {
  readonly reference: ReviewReference;
  /** Position by id; -1 where an id is not used. */
  readonly clinicAt: Int32Array;
  readonly diagnosisAt: Int32Array;
  readonly itemAt: Int32Array;
  readonly programmeAt: Int32Array;
  readonly serviceByCode: ReadonlyMap<string, number>;
  /** Hub of the clinic at each position. */
  readonly clinicHubs: Int32Array;
}

interface ClinicRow {
  id: number;
  code: string;
  name: string;
  paymentMode: 'fee-for-service' | 'per-case' | 'capitation';
  openSunday: boolean;
  billingTermDays: number;
  hubId: number;
}
interface ServiceRow {
  id: number;
  code: string;
  name: string;
  kind: string;
  specialty: string | null;
  minutes: number | null;
}
interface DiagnosisRow {
  id: number;
  code: string;
  name: string;
  known: boolean;
  billable: boolean;
}
interface ItemRow {
  id: number;
  clinicId: number;
  code: string;
}
interface PriceRow {
  itemId: number;
  name: string;
  serviceId: number | null;
  price: number;
  from: number;
  to: number | null;
}
interface ProgrammeRow {
  id: number;
  code: string;
  name: string;
  contractId: number;
  clinicIds: number[] | null;
  coveredKinds: string[];
  excludedServices: string[];
  excludedDiagnoses: string[];
  letterRequired: string[];
  serviceLimits: { service: string; max_quantity: number }[];
  waitingDays: number;
  franchisePercent: string;
  annualLimit: number | null;
}

/** Reads the whole reference in a few set-based queries. `packs` are the guideline packs of the rule set. */
export async function readReference(
  db: Queryable,
  version: string,
  packs: readonly GuidelinePack[],
): Promise<ReferenceSnapshot> {
  const clinics = await rowsOf<ClinicRow>(
    db,
    `SELECT id, code, name, payment_mode AS "paymentMode", open_sunday AS "openSunday",
       billing_term_days AS "billingTermDays", hub_id AS "hubId" FROM clinic ORDER BY id`,
  );
  const services = await rowsOf<ServiceRow>(
    db,
    'SELECT id, code, name, kind, specialty, minutes FROM service ORDER BY id',
  );
  const diagnoses = await rowsOf<DiagnosisRow>(db, 'SELECT id, code, name, known, billable FROM diagnosis ORDER BY id');
  const items = await rowsOf<ItemRow>(
    db,
    'SELECT id, clinic_id AS "clinicId", item_code AS code FROM clinic_item ORDER BY id',
  );
  const prices = await rowsOf<PriceRow>(
    db,
    `SELECT clinic_item_id AS "itemId", item_name AS name, service_id AS "serviceId", price_kopecks AS price,
       valid_from - date '1970-01-01' AS "from", valid_to - date '1970-01-01' AS "to"
     FROM price_item ORDER BY clinic_item_id, valid_from`,
  );
  const contracts = await rowsOf<{ id: number; no: string; start: number; end: number }>(
    db,
    `SELECT id, contract_no AS no, start_date - date '1970-01-01' AS start, end_date - date '1970-01-01' AS "end"
     FROM contract ORDER BY id`,
  );
  const programmes = await rowsOf<ProgrammeRow>(
    db,
    `SELECT p.id, p.code, p.name, p.contract_id AS "contractId", p.covered_kinds AS "coveredKinds",
       p.excluded_services AS "excludedServices", p.excluded_diagnoses AS "excludedDiagnoses",
       p.letter_required AS "letterRequired", p.service_limits AS "serviceLimits", p.waiting_days AS "waitingDays",
       p.franchise_percent::text AS "franchisePercent", p.annual_limit_kopecks AS "annualLimit",
       (SELECT array_agg(c.clinic_id ORDER BY c.clinic_id) FROM programme_clinic c WHERE c.programme_id = p.id) AS "clinicIds"
     FROM programme p ORDER BY p.id`,
  );
  const clinicAt = placesOf(clinics);
  const serviceAt = placesOf(services);
  const itemAt = placesOf(items);
  const contractAt = placesOf(contracts);
  const reference: ReviewReference = {
    version,
    clinics: clinics.map(({ id: _id, hubId: _hub, ...clinic }) => ({ ...clinic, known: true })),
    services: services.map(({ id: _id, ...service }) => ({ ...service, kind: service.kind as ServiceKind })),
    diagnoses: diagnoses.map(({ id: _id, ...diagnosis }) => diagnosis),
    priceItems: items.map((item) => ({ clinic: clinicAt[item.clinicId]!, code: item.code, name: '', periods: [] })),
    contracts: contracts.map(({ id: _id, ...contract }) => contract),
    programmes: programmes.map((programme) => ({
      code: programme.code,
      name: programme.name,
      contract: contractAt[programme.contractId]!,
      clinics: (programme.clinicIds ?? []).map((id) => clinicAt[id]!),
      coveredKinds: programme.coveredKinds as ServiceKind[],
      excludedServices: programme.excludedServices,
      excludedDiagnoses: programme.excludedDiagnoses,
      waitingDays: programme.waitingDays,
      franchisePercent: programme.franchisePercent,
      annualLimit: programme.annualLimit,
      serviceLimits: programme.serviceLimits.map((limit) => ({
        service: limit.service,
        maxQuantity: limit.max_quantity,
      })),
      letterRequired: programme.letterRequired,
    })),
    packs: [...packs],
  };
  for (const { itemId, name, serviceId, ...period } of prices) {
    const item = reference.priceItems[itemAt[itemId]!]!;
    item.name = name;
    item.periods.push({ ...period, service: serviceId === null ? -1 : serviceAt[serviceId]! });
  }
  return {
    reference,
    clinicAt,
    diagnosisAt: placesOf(diagnoses),
    itemAt,
    programmeAt: placesOf(programmes),
    serviceByCode: new Map(services.map((service, index) => [service.code, index])),
    clinicHubs: Int32Array.from(clinics, (clinic) => clinic.hubId),
  };
}

async function rowsOf<R extends object>(db: Queryable, sql: string): Promise<R[]> {
  return (await db.query<R & Record<string, unknown>>(sql)).rows;
}

/**
 * Position by id: those of `before`, then the rows from `first` on in their order. Rows are in ascending order of id.
 */
export function placesOf(
  rows: readonly { id: number }[],
  before: Int32Array = new Int32Array(0),
  first = 0,
): Int32Array {
  const out = new Int32Array(Math.max(before.length, (rows.at(-1)?.id ?? 0) + 1)).fill(-1);
  out.set(before);
  rows.forEach((row, index) => {
    out[row.id] = first + index;
  });
  return out;
}
