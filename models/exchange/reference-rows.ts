import { SERVICE_KINDS } from '../service-kinds';
import type { ServiceKind } from '../service-kinds';
import type { DayNumber } from './dates';
import type { RowReader } from './row-reader';

export const PAYMENT_MODES = ['fee-for-service', 'per-case', 'capitation'] as const;

export type PaymentMode = (typeof PAYMENT_MODES)[number];

export interface ServiceRow {
  serviceCode: string;
  name: string;
  kind: ServiceKind;
  specialty: string | null;
  minutes: number | null;
}

export interface DiagnosisRow {
  diagnosisCode: string;
  name: string;
  billable: boolean;
}

export interface ClinicRow {
  clinicCode: string;
  name: string;
  city: string;
  level: number;
  latitude: number | null;
  longitude: number | null;
  paymentMode: PaymentMode;
  openSunday: boolean;
  billingTermDays: number;
  /** Regional centre of expertise; the clinic's city when the file names none. */
  hub: string;
}

export interface PriceItemRow {
  clinicCode: string;
  itemCode: string;
  itemName: string;
  /** '' while the position is not mapped. */
  serviceCode: string;
  priceKopecks: number;
  validFrom: DayNumber;
  /** Inclusive; null: open. */
  validTo: DayNumber | null;
}

export interface ContractRow {
  contractNo: string;
  policyholder: string;
  startDay: DayNumber;
  endDay: DayNumber;
}

const NAME_LENGTH = 1000;

/**
 * Reads a row of `nomenclature.csv`. As with every parser here, the row counts only when the reader has no problems. Only
 * what cannot be read is a problem: a missing name or a period that covers no day is odd, but means something.
 */
export function readService(row: RowReader): ServiceRow {
  return {
    serviceCode: row.code('service_code'),
    name: row.optionalText('name', NAME_LENGTH),
    kind: row.oneOf('kind', SERVICE_KINDS),
    specialty: row.optionalText('specialty', 200) || null,
    minutes: row.optionalWhole('minutes', 0, 100_000),
  };
}

export function readDiagnosis(row: RowReader): DiagnosisRow {
  return {
    diagnosisCode: row.code('diagnosis_code'),
    name: row.optionalText('name', NAME_LENGTH),
    billable: row.flag('billable'),
  };
}

export function readClinic(row: RowReader): ClinicRow {
  const city = row.text('city', 200);
  return {
    clinicCode: row.identifier('clinic_code'),
    name: row.text('name', NAME_LENGTH),
    city,
    level: row.whole('level', 1, 5),
    latitude: row.optionalDecimal('latitude', -90, 90),
    longitude: row.optionalDecimal('longitude', -180, 180),
    paymentMode: row.oneOf('payment_mode', PAYMENT_MODES),
    openSunday: row.flag('open_sunday'),
    billingTermDays: row.whole('billing_term_days', 0, 36_500),
    hub: row.optionalText('hub', 200) || city,
  };
}

export function readPriceItem(row: RowReader): PriceItemRow {
  return {
    clinicCode: row.identifier('clinic_code'),
    itemCode: row.identifier('item_code'),
    itemName: row.optionalText('item_name', NAME_LENGTH),
    serviceCode: row.optionalCode('service_code'),
    priceKopecks: row.money('price_rub'),
    validFrom: row.day('valid_from'),
    validTo: row.optionalDay('valid_to'),
  };
}

export function readContract(row: RowReader): ContractRow {
  const contract: ContractRow = {
    contractNo: row.identifier('contract_no'),
    policyholder: row.text('policyholder', NAME_LENGTH),
    startDay: row.day('start_date'),
    endDay: row.day('end_date'),
  };
  row.checkPeriod(contract.startDay, contract.endDay, 'end_date');
  return contract;
}
