import type { GuidelinePack, PairKind, ReviewProgramme } from './reference';
import type { ServiceKind } from '../service-kinds';

/** `programmes.json` of `formats.md`, one element. */
export interface ProgrammeFile {
  programme_code: string;
  contract_no: string;
  name: string;
  clinics: string[];
  covered_kinds: string[];
  excluded_services: string[];
  excluded_diagnoses: string[];
  waiting_days: number;
  franchise_percent: number;
  annual_limit_rub: number | null;
  service_limits: { service: string; max_quantity: number }[];
  letter_required: string[];
}

/** `guidelines.json` of `formats.md`. */
export interface PackFile {
  pack: string;
  version: string;
  guidelines: {
    id: string;
    title: string;
    source: string;
    clause: string;
    valid_from: string;
    valid_to: string | null;
    diagnoses: string[];
    age_from: number | null;
    age_to: number | null;
    services: {
      service: string;
      frequency: number;
      multiplicity: number;
      max_per_episode: number | null;
      min_interval_days: number | null;
      clause: string;
    }[];
    contraindicated: { service: string; clause: string }[];
  }[];
  pairs: {
    id: string;
    kind: PairKind;
    service: string;
    with: string;
    window_days: number;
    source: string;
    clause: string;
  }[];
  demographics: {
    id: string;
    target: 'service' | 'diagnosis';
    prefix: string;
    sex: 'M' | 'F' | null;
    age_from: number | null;
    age_to: number | null;
    source: string;
    clause: string;
  }[];
  visits?: { primary_suffix: string; repeat_suffix: string; primary_window_days: number } | null;
  day?: { max_doctor_minutes: number } | null;
}

/** A pack file in the reference's form, in force without bounds unless `effective` says otherwise. */
export function packFromFile(file: PackFile): GuidelinePack {
  return {
    name: file.pack,
    version: file.version,
    guidelines: (file.guidelines ?? []).map((g) => ({
      id: g.id,
      title: g.title,
      source: g.source,
      clause: g.clause,
      validFrom: g.valid_from,
      validTo: g.valid_to ?? null,
      diagnoses: g.diagnoses,
      ageFrom: g.age_from ?? null,
      ageTo: g.age_to ?? null,
      services: g.services.map((s) => ({
        service: s.service,
        frequency: s.frequency,
        multiplicity: s.multiplicity,
        maxPerEpisode: s.max_per_episode ?? null,
        minIntervalDays: s.min_interval_days ?? null,
        clause: s.clause,
      })),
      contraindicated: g.contraindicated ?? [],
    })),
    pairs: (file.pairs ?? []).map(({ window_days: windowDays, ...pair }) => ({ ...pair, windowDays })),
    demographics: (file.demographics ?? []).map(({ age_from: ageFrom, age_to: ageTo, ...rule }) => ({
      ...rule,
      sex: rule.sex ?? null,
      ageFrom: ageFrom ?? null,
      ageTo: ageTo ?? null,
    })),
    visits: file.visits
      ? {
          primarySuffix: file.visits.primary_suffix,
          repeatSuffix: file.visits.repeat_suffix,
          primaryWindowDays: file.visits.primary_window_days,
        }
      : null,
    day: file.day ? { maxDoctorMinutes: file.day.max_doctor_minutes } : null,
  };
}

/** Programmes in the reference's form; clinics that the insurer does not have are left out. */
export function programmesFromFile(
  files: readonly ProgrammeFile[],
  contractOf: ReadonlyMap<string, number>,
  clinicOf: ReadonlyMap<string, number>,
): ReviewProgramme[] {
  return files.map((file) => ({
    code: file.programme_code,
    name: file.name,
    contract: contractOf.get(file.contract_no)!,
    clinics: file.clinics.map((code) => clinicOf.get(code)).filter((clinic) => clinic !== undefined),
    coveredKinds: file.covered_kinds as ServiceKind[],
    excludedServices: file.excluded_services ?? [],
    excludedDiagnoses: file.excluded_diagnoses ?? [],
    waitingDays: file.waiting_days ?? 0,
    franchisePercent: file.franchise_percent ?? 0,
    annualLimit: file.annual_limit_rub === null ? null : Math.round(file.annual_limit_rub * 100),
    serviceLimits: (file.service_limits ?? []).map((limit) => ({
      service: limit.service,
      maxQuantity: limit.max_quantity,
    })),
    letterRequired: file.letter_required ?? [],
  }));
}
