import { dayOfIso } from './days';
import type { BitMatrix, CodeIndex, Lists } from './prefixes';
import { codesWithPrefix, createBits, flattenLists, setBit } from './prefixes';
import type { DemographicRule, Guideline, GuidelinePack, ReviewReference, ServicePair } from './reference';
import { OPEN_END } from './table';

const FIRST_DAY = -0x80000000;

/** Guidelines, pairs and demographic rules of all packs, each with the days on which it is in force. */
export interface CompiledMedicine {
  guidelines: CompiledGuidelines;
  pairs: CompiledPairs;
  demographics: CompiledDemographics;
  /** Packs with a visits or day section, the latest in force first. */
  settings: CompiledPackSettings;
}

export interface CompiledGuidelines {
  source: Guideline[];
  from: Int32Array;
  to: Int32Array;
  ageFrom: Int32Array;
  ageTo: Int32Array;
  /** Guidelines that name each diagnosis. */
  ofDiagnosis: Lists;
  /** Services of the nomenclature, the row length of `cell`. */
  services: number;
  /** [guideline * services + service]: 0 = not listed, else the place in the cell columns below. */
  cell: Int32Array;
  /** Infinity = no limit. */
  maxPerEpisode: Float64Array;
  /** 0 = no limit. */
  minIntervalDays: Float64Array;
  /** Entry of guideline.services that gave the value, for the clause. */
  maxEntry: Int32Array;
  intervalEntry: Int32Array;
  contraindicated: BitMatrix;
}

export interface CompiledPairs {
  source: ServicePair[];
  /** PAIR_KIND. */
  kind: Uint8Array;
  window: Int32Array;
  from: Int32Array;
  to: Int32Array;
  /** Pairs whose `service` / whose `with` matches each service. */
  asService: Lists;
  asWith: Lists;
}

export const PAIR_KIND = { bundled: 0, exclusive: 1, requires: 2 } as const;

export interface CompiledDemographics {
  source: DemographicRule[];
  /** 0 = any, else SEX_MALE or SEX_FEMALE. */
  sex: Uint8Array;
  ageFrom: Int32Array;
  ageTo: Int32Array;
  from: Int32Array;
  to: Int32Array;
  ofService: Lists;
  ofDiagnosis: Lists;
}

export interface CompiledPackSettings {
  from: Int32Array;
  to: Int32Array;
  /** -1 = this pack says nothing about visits. */
  primaryWindowDays: Int32Array;
  primarySuffix: string[];
  /** Row = pack, column = service: its code ends with the primary suffix. */
  primary: BitMatrix;
  /** Infinity = this pack says nothing. */
  maxDoctorMinutes: Float64Array;
}

interface InForce<T> {
  rule: T;
  from: number;
  to: number;
}

export function compileMedicine(source: ReviewReference, services: CodeIndex, diagnoses: CodeIndex): CompiledMedicine {
  return {
    guidelines: compileGuidelines(source.packs, services, diagnoses),
    pairs: compilePairs(source.packs, services),
    demographics: compileDemographics(source.packs, services, diagnoses),
    settings: compileSettings(source.packs, source),
  };
}

function packDays(pack: GuidelinePack): { from: number; to: number } {
  return {
    from: pack.effectiveFrom ? dayOfIso(pack.effectiveFrom) : FIRST_DAY,
    to: pack.effectiveTo ? dayOfIso(pack.effectiveTo) : OPEN_END,
  };
}

function inForce<T>(packs: readonly GuidelinePack[], rulesOf: (pack: GuidelinePack) => readonly T[]): InForce<T>[] {
  return packs.flatMap((pack) => rulesOf(pack).map((rule) => ({ rule, ...packDays(pack) })));
}

function compileGuidelines(
  packs: readonly GuidelinePack[],
  services: CodeIndex,
  diagnoses: CodeIndex,
): CompiledGuidelines {
  const all = inForce(packs, (pack) => pack.guidelines);
  const width = services.sorted.length;
  const cell = new Int32Array(all.length * width);
  const contraindicated = createBits(all.length, width);
  const byDiagnosis: number[][] = [];
  const maxPerEpisode = [Infinity];
  const minIntervalDays = [0];
  const maxEntry = [0];
  const intervalEntry = [0];
  all.forEach(({ rule }, g) => {
    const named = new Set(rule.diagnoses.flatMap((prefix) => [...codesWithPrefix(diagnoses, prefix)]));
    for (const diagnosis of named) (byDiagnosis[diagnosis] ??= []).push(g);
    rule.services.forEach((entry, e) => {
      const max = entry.maxPerEpisode ?? Infinity;
      const interval = entry.minIntervalDays ?? 0;
      for (const service of codesWithPrefix(services, entry.service)) {
        const at = g * width + service;
        const known = cell[at]!;
        if (known === 0) {
          cell[at] = maxPerEpisode.length;
          maxPerEpisode.push(max);
          minIntervalDays.push(interval);
          maxEntry.push(e);
          intervalEntry.push(e);
          continue;
        }
        // Several entries of one guideline match the service: each value is the most permissive, as between guidelines.
        if (max > maxPerEpisode[known]!) [maxPerEpisode[known], maxEntry[known]] = [max, e];
        if (interval < minIntervalDays[known]!) [minIntervalDays[known], intervalEntry[known]] = [interval, e];
      }
    });
    for (const entry of rule.contraindicated) {
      for (const service of codesWithPrefix(services, entry.service)) setBit(contraindicated, g, service);
    }
  });
  return {
    source: all.map(({ rule }) => rule),
    from: Int32Array.from(all, ({ rule, from }) => Math.max(from, dayOfIso(rule.validFrom))),
    to: Int32Array.from(all, ({ rule, to }) => Math.min(to, rule.validTo ? dayOfIso(rule.validTo) : OPEN_END)),
    ageFrom: Int32Array.from(all, ({ rule }) => rule.ageFrom ?? FIRST_DAY),
    ageTo: Int32Array.from(all, ({ rule }) => rule.ageTo ?? OPEN_END),
    ofDiagnosis: flattenLists(byDiagnosis, diagnoses.sorted.length),
    services: width,
    cell,
    maxPerEpisode: Float64Array.from(maxPerEpisode),
    minIntervalDays: Float64Array.from(minIntervalDays),
    maxEntry: Int32Array.from(maxEntry),
    intervalEntry: Int32Array.from(intervalEntry),
    contraindicated,
  };
}

function compilePairs(packs: readonly GuidelinePack[], services: CodeIndex): CompiledPairs {
  const all = inForce(packs, (pack) => pack.pairs);
  const asService: number[][] = [];
  const asWith: number[][] = [];
  all.forEach(({ rule }, p) => {
    for (const service of codesWithPrefix(services, rule.service)) (asService[service] ??= []).push(p);
    for (const service of codesWithPrefix(services, rule.with)) (asWith[service] ??= []).push(p);
  });
  const width = services.sorted.length;
  return {
    source: all.map(({ rule }) => rule),
    kind: Uint8Array.from(all, ({ rule }) => PAIR_KIND[rule.kind]),
    window: Int32Array.from(all, ({ rule }) => rule.windowDays),
    from: Int32Array.from(all, ({ from }) => from),
    to: Int32Array.from(all, ({ to }) => to),
    asService: flattenLists(asService, width),
    asWith: flattenLists(asWith, width),
  };
}

function compileDemographics(
  packs: readonly GuidelinePack[],
  services: CodeIndex,
  diagnoses: CodeIndex,
): CompiledDemographics {
  const all = inForce(packs, (pack) => pack.demographics);
  const byService: number[][] = [];
  const byDiagnosis: number[][] = [];
  all.forEach(({ rule }, d) => {
    const [index, lists] = rule.target === 'service' ? [services, byService] : [diagnoses, byDiagnosis];
    for (const code of codesWithPrefix(index, rule.prefix)) (lists[code] ??= []).push(d);
  });
  return {
    source: all.map(({ rule }) => rule),
    sex: Uint8Array.from(all, ({ rule }) => (rule.sex === null ? 0 : rule.sex === 'M' ? 1 : 2)),
    ageFrom: Int32Array.from(all, ({ rule }) => rule.ageFrom ?? FIRST_DAY),
    ageTo: Int32Array.from(all, ({ rule }) => rule.ageTo ?? OPEN_END),
    from: Int32Array.from(all, ({ from }) => from),
    to: Int32Array.from(all, ({ to }) => to),
    ofService: flattenLists(byService, services.sorted.length),
    ofDiagnosis: flattenLists(byDiagnosis, diagnoses.sorted.length),
  };
}

function compileSettings(packs: readonly GuidelinePack[], { services }: ReviewReference): CompiledPackSettings {
  const latestFirst = packs.map((pack) => ({ pack, ...packDays(pack) })).sort((a, b) => b.from - a.from);
  const primary = createBits(latestFirst.length, services.length);
  latestFirst.forEach(({ pack }, row) => {
    if (!pack.visits) return;
    const suffix = pack.visits.primarySuffix;
    services.forEach((service, column) => {
      if (service.code.endsWith(suffix)) setBit(primary, row, column);
    });
  });
  return {
    from: Int32Array.from(latestFirst, ({ from }) => from),
    to: Int32Array.from(latestFirst, ({ to }) => to),
    primaryWindowDays: Int32Array.from(latestFirst, ({ pack }) => pack.visits?.primaryWindowDays ?? -1),
    primarySuffix: latestFirst.map(({ pack }) => pack.visits?.primarySuffix ?? ''),
    primary,
    maxDoctorMinutes: Float64Array.from(latestFirst, ({ pack }) => pack.day?.maxDoctorMinutes ?? Infinity),
  };
}
