import type { BatchRow, RowFault } from './batch-rows';
import { isFault } from './batch-rows';

export interface BatchPart {
  /** Rows of whole programmes, each programme's together. */
  readonly programmes: readonly (readonly BatchRow[])[];
  readonly faults: readonly RowFault[];
}

/** More clinics than any programme has. */
const MOST_CLINICS = 400;

/**
 * Gathers rows into parts of whole programmes: clinics of one contract and year compete for the same people, so that they
 * have to be priced together. Memory stays flat because rows of a programme have to stand together; one that comes later,
 * or twice, is a fault of that row alone.
 */
export function createBatchSets(partRows = 200) {
  const closed = new Set<string>();
  let programmes: BatchRow[][] = [];
  let rows = 0;
  let faults: RowFault[] = [];
  let current: BatchRow[] = [];
  let key = '';
  let clinics = new Set<string>();

  const close = (): void => {
    if (current.length === 0) return;
    closed.add(key);
    programmes.push(current);
    rows += current.length;
  };
  const cut = (): BatchPart => {
    const part = { programmes, faults };
    programmes = [];
    rows = 0;
    faults = [];
    return part;
  };
  return {
    /** Takes a row; gives back a part when enough whole programmes are there. */
    push(row: BatchRow | RowFault): BatchPart | null {
      if (isFault(row)) {
        faults.push(row);
        return faults.length >= partRows ? cut() : null;
      }
      const own = `${row.contractNo}\u0000${row.year}`;
      const fault = own === key ? repeated(row, clinics) : closed.has(own) ? apart(row) : null;
      if (fault !== null) {
        faults.push(fault);
        return null;
      }
      let part: BatchPart | null = null;
      if (own !== key) {
        close();
        if (rows >= partRows) part = cut();
        key = own;
        current = [];
        clinics = new Set();
      }
      clinics.add(row.clinicCode);
      current.push(row);
      return part;
    },
    end(): BatchPart {
      close();
      return cut();
    },
  };
}

function repeated(row: BatchRow, clinics: ReadonlySet<string>): RowFault | null {
  const { rowNo, clinicCode } = row;
  if (clinics.has(clinicCode)) {
    const reason = {
      ru: 'Клиника в программе уже есть: оставьте одну строку',
      en: 'The programme has this clinic already: keep one row',
    };
    return { rowNo, field: 'clinic_code', value: clinicCode, rule: 'unique', reason };
  }
  if (clinics.size < MOST_CLINICS) return null;
  const reason = {
    ru: `В программе больше ${MOST_CLINICS} клиник`,
    en: `More than ${MOST_CLINICS} clinics in one programme`,
  };
  return { rowNo, field: 'clinic_code', value: clinicCode, rule: 'max-clinics', reason };
}

function apart({ rowNo, contractNo }: BatchRow): RowFault {
  const reason = {
    ru: 'Строки одного договора и года должны стоять подряд: отсортируйте файл по contract_no и year',
    en: 'Rows of one contract and year have to stand together: sort the file by contract_no and year',
  };
  return { rowNo, field: 'contract_no', value: contractNo, rule: 'adjacent', reason };
}
