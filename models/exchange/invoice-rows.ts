import type { DayNumber } from './dates';
import type { RowReader } from './row-reader';

/** A billed line in normal form. Empty optional texts are ''. */
export interface InvoiceRow {
  clinicCode: string;
  invoiceNo: string;
  invoiceDay: DayNumber;
  lineNo: number;
  policyNo: string;
  serviceDay: DayNumber;
  diagnosisCode: string;
  itemCode: string;
  itemName: string;
  quantity: number;
  unitPriceKopecks: number;
  amountKopecks: number;
  patientShareKopecks: number;
  doctorId: string;
  tooth: string;
  letterNo: string;
  episodeNo: string;
}

/** Reads a row of an invoice registry; `row.rawForms()` then has what was sent in another form. */
export function readInvoiceLine(row: RowReader): InvoiceRow {
  return {
    clinicCode: row.identifier('clinic_code'),
    invoiceNo: row.identifier('invoice_no'),
    invoiceDay: row.day('invoice_date'),
    lineNo: row.whole('line_no', 0),
    policyNo: row.identifier('policy_no'),
    serviceDay: row.day('service_date'),
    diagnosisCode: row.code('diagnosis_code'),
    itemCode: row.identifier('item_code'),
    itemName: row.optionalText('item_name', 1000),
    quantity: row.whole('quantity', 1, 1_000_000),
    unitPriceKopecks: row.money('unit_price_rub'),
    amountKopecks: row.money('amount_rub'),
    patientShareKopecks: row.money('patient_share_rub'),
    doctorId: row.optionalIdentifier('doctor_id'),
    tooth: row.optionalIdentifier('tooth'),
    letterNo: row.optionalIdentifier('letter_no'),
    episodeNo: row.optionalIdentifier('episode_no'),
  };
}
