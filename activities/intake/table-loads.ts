import { readInsured, readLetter } from '../../models/exchange/cover-rows';
import type { InsuredRow, LetterRow } from '../../models/exchange/cover-rows';
import {
  CLINICS,
  CONTRACTS,
  DIAGNOSES,
  FEEDBACK,
  INSURED,
  LETTERS,
  NOMENCLATURE,
  PRICE_ITEMS,
} from '../../models/exchange/formats';
import {
  readClinic,
  readContract,
  readDiagnosis,
  readPriceItem,
  readService,
} from '../../models/exchange/reference-rows';
import { readFeedback } from '../../models/exchange/feedback-rows';
import type { FeedbackRow } from '../../models/exchange/feedback-rows';
import type { PriceItemRow } from '../../models/exchange/reference-rows';
import type { Queryable } from '../../prisma/pool';
import { upsertInsured, upsertLetters } from '../../prisma/repositories/cover';
import { upsertFeedback } from '../../prisma/repositories/feedback';
import { idsByCode } from '../../prisma/repositories/dictionaries';
import {
  upsertClinics,
  upsertContracts,
  upsertDiagnoses,
  upsertPriceItems,
  upsertServices,
} from '../../prisma/repositories/reference';
import { loadTable } from './load-table';
import type { TableLoad } from './load-table';

type Loader = (
  tx: Queryable,
  file: { readonly fileId: string; readonly path: string },
  onProgress: Parameters<typeof loadTable>[3],
) => ReturnType<typeof loadTable>;

/** Loaders of the reference tables by name of the file, in the order in which they build on one another. */
export const REFERENCE_LOADERS = {
  nomenclature: (tx, file, onProgress) =>
    loadTable(
      tx,
      { format: NOMENCLATURE, read: readService, key: (row) => row.serviceCode, write: upsertServices },
      file,
      onProgress,
    ),
  diagnoses: (tx, file, onProgress) =>
    loadTable(
      tx,
      { format: DIAGNOSES, read: readDiagnosis, key: (row) => row.diagnosisCode, write: upsertDiagnoses },
      file,
      onProgress,
    ),
  clinics: (tx, file, onProgress) =>
    loadTable(
      tx,
      { format: CLINICS, read: readClinic, key: (row) => row.clinicCode, write: upsertClinics },
      file,
      onProgress,
    ),
  'price-items': async (tx, file, onProgress) => loadTable(tx, await priceItemLoad(tx), file, onProgress),
  contracts: (tx, file, onProgress) =>
    loadTable(
      tx,
      { format: CONTRACTS, read: readContract, key: (row) => row.contractNo, write: upsertContracts },
      file,
      onProgress,
    ),
  insured: async (tx, file, onProgress) => loadTable(tx, await insuredLoad(tx), file, onProgress),
  letters: async (tx, file, onProgress) => loadTable(tx, await letterLoad(tx), file, onProgress),
  feedback: async (tx, file, onProgress) => loadTable(tx, await feedbackLoad(tx), file, onProgress),
} as const satisfies Record<string, Loader>;

export type ReferenceTable = keyof typeof REFERENCE_LOADERS;

async function priceItemLoad(tx: Queryable): Promise<TableLoad<PriceItemRow>> {
  const clinics = await idsByCode(tx, 'clinic');
  const services = await idsByCode(tx, 'service');
  return {
    format: PRICE_ITEMS,
    read: readPriceItem,
    key: (row) => `${row.clinicCode}\u0000${row.itemCode}\u0000${row.validFrom}`,
    check(row, reader) {
      if (!clinics.has(row.clinicCode)) reader.add('unknown-clinic', 'clinic_code', row.clinicCode);
    },
    write: (db, rows) =>
      upsertPriceItems(
        db,
        rows.map((row) => ({
          clinicId: clinics.get(row.clinicCode)!,
          // A code that the nomenclature lacks leaves the position unmapped, as formats.md has it for lines without a service.
          serviceId: services.get(row.serviceCode) ?? null,
          row,
        })),
      ),
  };
}

async function insuredLoad(tx: Queryable): Promise<TableLoad<InsuredRow>> {
  const programmes = await idsByCode(tx, 'programme');
  return {
    format: INSURED,
    read: readInsured,
    key: (row) => `${row.policyNo}\u0000${row.programmeCode}\u0000${row.enrolledFrom}`,
    check(row, reader) {
      if (!programmes.has(row.programmeCode)) reader.add('unknown-programme', 'programme_code', row.programmeCode);
    },
    write: (db, rows) =>
      upsertInsured(
        db,
        rows.map((row) => ({ programmeId: programmes.get(row.programmeCode)!, row })),
      ),
  };
}

async function letterLoad(tx: Queryable): Promise<TableLoad<LetterRow>> {
  const clinics = await idsByCode(tx, 'clinic');
  return {
    format: LETTERS,
    read: readLetter,
    key: (row) => row.letterNo,
    check(row, reader) {
      if (!clinics.has(row.clinicCode)) reader.add('unknown-clinic', 'clinic_code', row.clinicCode);
    },
    write: (db, rows) =>
      upsertLetters(
        db,
        rows.map((row) => ({ clinicId: clinics.get(row.clinicCode)!, row })),
      ),
  };
}

async function feedbackLoad(tx: Queryable): Promise<TableLoad<FeedbackRow>> {
  const clinics = await idsByCode(tx, 'clinic');
  return {
    format: FEEDBACK,
    read: readFeedback,
    key: (row) => `${row.surveyId}\u0000${row.question}\u0000${row.lineNo ?? ''}`,
    check(row, reader) {
      if (!clinics.has(row.clinicCode)) reader.add('unknown-clinic', 'clinic_code', row.clinicCode);
    },
    write: (db, rows) =>
      upsertFeedback(
        db,
        rows.map((row) => ({ clinicId: clinics.get(row.clinicCode)!, row })),
      ),
  };
}
