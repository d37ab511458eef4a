import type { CompiledReference } from '../compile';
import type { CompiledDemographics } from '../compile-medicine';
import { hasBit } from '../prefixes';
import type { LineTable, SubjectData } from '../table';
import { NONE } from '../table';
import { AGE_UNKNOWN } from './cover';
import type { LineFacts } from './line';

/** `applying`: guidelines were not looked up (unknown policy, so no age). */
export const NOT_LOOKED_UP = -2;

/** What guidelines and demographic rules say about each reviewed line. Values are places in the compiled lists. */
export interface GuidelineFacts {
  /** The first guideline that applies; NONE = none does; NOT_LOOKED_UP. */
  applying: Int32Array;
  /** Of those that apply, one that lists the service; NONE = none does. */
  listing: Int32Array;
  /** Guideline with the largest max_per_episode / smallest min_interval_days among those that list the service. */
  maxGuideline: Int32Array;
  intervalGuideline: Int32Array;
  /** An applying guideline that contraindicates the service, or NONE. */
  contraindicating: Int32Array;
  /** Demographic rule that is broken: service by sex, service by age, diagnosis by either. */
  sexRule: Int32Array;
  ageRule: Int32Array;
  diagnosisRule: Int32Array;
}

/** Looks up guidelines and demographic rules for every line with `review` 1 of a known person; order does not matter. */
export function guidelineFacts(
  compiled: CompiledReference,
  subjects: SubjectData,
  table: LineTable,
  lines: LineFacts,
  age: Int32Array,
): GuidelineFacts {
  const { rows, person, serviceDay, diagnosis, review } = table;
  const { guidelines, demographics } = compiled.medicine;
  const column = (): Int32Array => new Int32Array(rows).fill(NONE);
  const facts: GuidelineFacts = {
    applying: new Int32Array(rows).fill(NOT_LOOKED_UP),
    listing: column(),
    maxGuideline: column(),
    intervalGuideline: column(),
    contraindicating: column(),
    sexRule: column(),
    ageRule: column(),
    diagnosisRule: column(),
  };
  const { cell, maxPerEpisode, minIntervalDays } = guidelines;
  for (let row = 0; row < rows; row += 1) {
    const years = age[row]!;
    if (!review[row] || years === AGE_UNKNOWN) continue;
    const sex = subjects.persons.sex[person[row]!]!;
    const day = serviceDay[row]!;
    const service = lines.service[row]!;
    const illness = diagnosis[row]!;
    facts.applying[row] = NONE;
    if (service >= 0) {
      const { start, items } = demographics.ofService;
      for (let i = start[service]!, end = start[service + 1]!; i < end; i += 1) {
        const rule = items[i]!;
        if (demographics.from[rule]! > day || day > demographics.to[rule]!) continue;
        if (facts.sexRule[row] === NONE && breaksSex(demographics, rule, sex)) facts.sexRule[row] = rule;
        if (facts.ageRule[row] === NONE && breaksAge(demographics, rule, years)) facts.ageRule[row] = rule;
      }
    }
    if (illness < 0) continue;
    const byDiagnosis = demographics.ofDiagnosis;
    for (let i = byDiagnosis.start[illness]!, end = byDiagnosis.start[illness + 1]!; i < end; i += 1) {
      const rule = byDiagnosis.items[i]!;
      if (demographics.from[rule]! > day || day > demographics.to[rule]!) continue;
      if (breaksSex(demographics, rule, sex) || breaksAge(demographics, rule, years)) {
        facts.diagnosisRule[row] = rule;
        break;
      }
    }
    const { start, items } = guidelines.ofDiagnosis;
    for (let i = start[illness]!, end = start[illness + 1]!, max = -1, interval = Infinity; i < end; i += 1) {
      const g = items[i]!;
      if (guidelines.from[g]! > day || day > guidelines.to[g]!) continue;
      if (years < guidelines.ageFrom[g]! || years > guidelines.ageTo[g]!) continue;
      if (facts.applying[row] === NONE) facts.applying[row] = g;
      if (service < 0) continue;
      if (facts.contraindicating[row] === NONE && hasBit(guidelines.contraindicated, g, service)) {
        facts.contraindicating[row] = g;
      }
      const at = cell[g * guidelines.services + service]!;
      if (at === 0) continue;
      if (facts.listing[row] === NONE) facts.listing[row] = g;
      if (maxPerEpisode[at]! > max) {
        max = maxPerEpisode[at]!;
        facts.maxGuideline[row] = g;
      }
      if (minIntervalDays[at]! < interval) {
        interval = minIntervalDays[at]!;
        facts.intervalGuideline[row] = g;
      }
    }
  }
  return facts;
}

/** A person whose sex is not on record conflicts with nothing. */
function breaksSex(rules: CompiledDemographics, rule: number, sex: number): boolean {
  return rules.sex[rule] !== 0 && sex !== 0 && rules.sex[rule] !== sex;
}

function breaksAge(rules: CompiledDemographics, rule: number, years: number): boolean {
  return years < rules.ageFrom[rule]! || years > rules.ageTo[rule]!;
}
