import { parse } from 'csv-parse/sync';

/** A ground of the federal reference book F014; dates ISO, `validTo` inclusive. */
export interface OfficialGround {
  readonly kod: number;
  readonly clause: string;
  readonly name: string;
  readonly validFrom: string;
  readonly validTo: string | null;
  /** Coefficients of the unpaid sum and of the fine; null where the book has none. */
  readonly unpaidShare: number | null;
  readonly fineShare: number | null;
}

export interface ControlType {
  readonly id: number;
  readonly name: string;
  readonly validFrom: string;
  readonly validTo: string | null;
}

/** `exact`: the same defect; `analogous`: the same defect of another contract; `partial`: part of the finding. */
export type GroundMatch = 'exact' | 'analogous' | 'partial';

export interface FindingGround {
  readonly findingCode: string;
  readonly kod: number | null;
  readonly clause: string | null;
  readonly match: GroundMatch | null;
  readonly note: string;
}

export function parseF014(text: string): OfficialGround[] {
  return rowsOf(text).map((row) => ({
    kod: Number(row.Kod),
    clause: row.Osn ?? '',
    name: (row.Naim ?? '').trim(),
    validFrom: isoOf(row.DATEBEG!)!,
    validTo: isoOf(row.DATEEND ?? ''),
    unpaidShare: numberOf(row.K_NO),
    fineShare: numberOf(row.K_SH),
  }));
}

export function parseF006(text: string): ControlType[] {
  return rowsOf(text).map((row) => ({
    id: Number(row.IDVID),
    name: (row.VIDNAME ?? '').trim(),
    validFrom: isoOf(row.DATEBEG!)!,
    validTo: isoOf(row.DATEEND ?? ''),
  }));
}

/** Our table from finding codes to F014; no ground means that none fits honestly, and `note` says why. */
export function parseFindingGrounds(text: string): FindingGround[] {
  return rowsOf(text).map((row) => ({
    findingCode: row.finding_code!,
    kod: numberOf(row.f014_kod),
    clause: row.f014_osn === '' ? null : row.f014_osn!,
    match: row.match === '' ? null : (row.match as GroundMatch),
    note: row.note ?? '',
  }));
}

/** The official ground of a finding code in force on a date, or null. Families (STAT, FEED) answer for their codes. */
export function officialGround(
  code: string,
  date: string,
  table: readonly FindingGround[],
  book: readonly OfficialGround[],
): (FindingGround & { readonly ground: OfficialGround }) | null {
  const entry = table.find(({ findingCode }) => findingCode === code || findingCode === code.split('-')[0]);
  if (!entry || entry.kod === null) return null;
  const ground = book.find(
    ({ kod, validFrom, validTo }) => kod === entry.kod && validFrom <= date && (validTo === null || date <= validTo),
  );
  return ground ? { ...entry, ground } : null;
}

function rowsOf(text: string): Record<string, string>[] {
  return parse(text, { columns: true, bom: true, relax_quotes: true, relax_column_count: true }) as Record<
    string,
    string
  >[];
}

function isoOf(text: string): string | null {
  return /^\d{8}$/.test(text) ? `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}` : null;
}

function numberOf(text: string | undefined): number | null {
  return text === undefined || text.trim() === '' ? null : Number(text);
}
