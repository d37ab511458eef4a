import type { PairRule } from './bundled-pairs';
import { SERVICE_KINDS } from '../service-kinds';
import { UNKNOWN_KIND, type ServiceColumns } from './types';

/** The fields of exchange rows that the fraud models read (rows of `models/exchange` fit as they are). */
export interface WorldService {
  serviceCode: string;
  kind: string;
  specialty: string | null;
  minutes: number | null;
}

/** What the guideline packs say of visits, days and bundles. */
export interface WorldRules {
  readonly primarySuffix: string;
  readonly repeatSuffix: string;
  readonly maxDoctorMinutes: number;
  readonly bundled: readonly PairRule[];
}

/** The part of a guideline pack that the fraud models read. */
export interface RulePack {
  readonly pairs?: readonly { kind: string; service: string; with: string; window_days: number }[];
  readonly visits?: { primary_suffix?: string; repeat_suffix?: string };
  readonly day?: { max_doctor_minutes?: number };
}

const MOST_MINUTES = 720;

/** Rules of the packs in force: the first that names a suffix, the strictest stated day, all bundles. */
export function rulesOf(packs: readonly RulePack[]): WorldRules {
  const days = packs.flatMap((pack) => pack.day?.max_doctor_minutes ?? []);
  return {
    primarySuffix: packs.find((pack) => pack.visits?.primary_suffix)?.visits?.primary_suffix ?? '.001',
    repeatSuffix: packs.find((pack) => pack.visits?.repeat_suffix)?.visits?.repeat_suffix ?? '.002',
    maxDoctorMinutes: days.length === 0 ? MOST_MINUTES : Math.min(...days),
    bundled: packs
      .flatMap((pack) => pack.pairs ?? [])
      .filter((pair) => pair.kind === 'bundled')
      .map((pair) => ({ service: pair.service, with: pair.with, windowDays: pair.window_days })),
  };
}

/** Codes to dense numbers in order of arrival. */
export function createDictionary(): { codes: string[]; of: (code: string) => number; find: (code: string) => number } {
  const numbers = new Map<string, number>();
  const codes: string[] = [];
  return {
    codes,
    find: (code) => numbers.get(code) ?? -1,
    of: (code) => {
      const known = numbers.get(code);
      if (known !== undefined) return known;
      // A copy of its own: a piece cut out of a text would keep the whole text, a megabyte of file, in memory.
      const own = ` ${code}`.slice(1);
      numbers.set(own, codes.length);
      codes.push(own);
      return codes.length - 1;
    },
  };
}

/** Services as columns, in the given order. */
export function describeServices(rows: readonly WorldService[], rules: WorldRules): ServiceColumns {
  const specialties = createDictionary();
  const visitType = (row: WorldService): number => {
    if (row.kind !== 'consultation') return 0;
    if (row.serviceCode.endsWith(rules.primarySuffix)) return 1;
    return row.serviceCode.endsWith(rules.repeatSuffix) ? 2 : 0;
  };
  return {
    length: rows.length,
    kind: Uint8Array.from(rows, (row) => {
      const kind = (SERVICE_KINDS as readonly string[]).indexOf(row.kind);
      return kind < 0 ? UNKNOWN_KIND : kind;
    }),
    minutes: Float64Array.from(rows, (row) => row.minutes ?? 0),
    visitType: Uint8Array.from(rows, visitType),
    specialty: Int32Array.from(rows, (row) => (row.specialty === null ? -1 : specialties.of(row.specialty))),
  };
}
