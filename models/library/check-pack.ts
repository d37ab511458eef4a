import type { CodeDictionary, CodeList } from './dictionary';
import { firstMatch, nearestCodes } from './dictionary';
import type { PackProblem } from './pack-problems';
import { packProblem, shapeProblem } from './pack-problems';
import type { DemographicEntry, GuidelineEntry, PackDocument, PairEntry } from './pack.schema';
import { packSchema } from './pack.schema';

export interface PackCheck {
  /** The pack, or null when it has an error. */
  readonly pack: PackDocument | null;
  readonly problems: readonly PackProblem[];
}

type Report = (problem: PackProblem) => void;

/**
 * Checks a guideline pack of the exchange format against the nomenclature and МКБ-10: shape first, then meaning.
 * Every problem names its JSON path, its rule and the fix; warnings alone do not stop an import.
 */
export function checkPack(input: unknown, dictionary: CodeDictionary): PackCheck {
  const problems: PackProblem[] = [];
  const parsed = packSchema.safeParse(input);
  if (!parsed.success) {
    for (const issue of parsed.error.issues)
      problems.push(shapeOf(issue.path as (string | number)[], issue.message, input));
    return { pack: null, problems };
  }
  const pack = parsed.data;
  const report: Report = (problem) => problems.push(problem);
  checkIds(pack, report);
  pack.guidelines.forEach((guideline, i) => checkGuideline(guideline, `guidelines[${i}]`, dictionary, report));
  checkOverlaps(pack.guidelines, report);
  pack.pairs.forEach((pair, i) => checkPair(pair, `pairs[${i}]`, dictionary, report));
  checkTwins(pack.pairs, 'pairs', (pair) => `${pair.kind}|${pair.service}|${pair.with}`, report);
  pack.demographics.forEach((rule, i) => checkDemographic(rule, `demographics[${i}]`, dictionary, report));
  checkTwins(
    pack.demographics,
    'demographics',
    (rule) => `${rule.target}|${rule.prefix}|${rule.sex}|${rule.age_from}|${rule.age_to}`,
    report,
  );
  const failed = problems.some(({ severity }) => severity === 'error');
  return { pack: failed ? null : pack, problems };
}

/** `guidelines[3].services[0].frequency` */
export function jsonPath(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, part) => (typeof part === 'number' ? `${text}[${part}]` : text === '' ? part : `${text}.${part}`),
    '',
  );
}

function shapeOf(path: readonly (string | number)[], message: string, input: unknown): PackProblem {
  const where = jsonPath(path);
  const value = path.reduce<unknown>((node, part) => (node as Record<string, unknown> | undefined)?.[part], input);
  const last = path.at(-1);
  if (last === 'frequency' && typeof value === 'number') return packProblem('frequency-range', where, { value });
  if (value === '' && (last === 'service' || last === 'with' || last === 'prefix' || path.at(-2) === 'diagnoses')) {
    return packProblem('empty-prefix', where);
  }
  if (typeof value === 'string' && (last === 'valid_from' || last === 'valid_to')) {
    return packProblem('bad-date', where, { value });
  }
  return shapeProblem(where === '' ? '$' : where, message);
}

function checkIds(pack: PackDocument, report: Report): void {
  const seen = new Map<string, string>();
  for (const section of ['guidelines', 'pairs', 'demographics'] as const) {
    pack[section].forEach(({ id, provenance }, i) => {
      const path = `${section}[${i}]`;
      const first = seen.get(id);
      if (first === undefined) seen.set(id, path);
      else report(packProblem('duplicate-id', `${path}.id`, { id, first }));
      if (provenance === undefined) report(packProblem('no-provenance', `${path}.provenance`));
    });
  }
}

function checkGuideline(guideline: GuidelineEntry, path: string, dictionary: CodeDictionary, report: Report): void {
  checkDates(guideline, path, report);
  checkAges(guideline, path, report);
  guideline.diagnoses.forEach((code, i) =>
    checkCode('unknown-diagnosis', dictionary.diagnoses, code, `${path}.diagnoses[${i}]`, report),
  );
  const listed = new Map<string, string>();
  guideline.services.forEach((item, i) => {
    const where = `${path}.services[${i}]`;
    checkCode('unknown-service', dictionary.services, item.service, `${where}.service`, report);
    const first = listed.get(item.service);
    if (first === undefined) listed.set(item.service, where);
    else report(packProblem('duplicate-service', `${where}.service`, { code: item.service, first }));
    if (item.max_per_episode !== null && item.multiplicity > item.max_per_episode) {
      const values = { value: item.multiplicity, max: item.max_per_episode };
      report(packProblem('multiplicity-above-maximum', `${where}.multiplicity`, values));
    }
  });
  guideline.contraindicated.forEach(({ service }, i) => {
    const where = `${path}.contraindicated[${i}].service`;
    checkCode('unknown-service', dictionary.services, service, where, report);
    for (const [code, first] of listed) {
      if (code.startsWith(service)) report(packProblem('allowed-and-contraindicated', where, { code, first }));
    }
  });
}

function checkPair(pair: PairEntry, path: string, dictionary: CodeDictionary, report: Report): void {
  checkCode('unknown-service', dictionary.services, pair.service, `${path}.service`, report);
  checkCode('unknown-service', dictionary.services, pair.with, `${path}.with`, report);
  const values = { code: pair.service, other: pair.with };
  if (pair.kind === 'requires' && pair.service.startsWith(pair.with)) {
    report(packProblem('requires-itself', `${path}.with`, values));
  } else if (pair.service.startsWith(pair.with) || pair.with.startsWith(pair.service)) {
    report(packProblem('pair-of-itself', `${path}.with`, values));
  }
}

function checkDemographic(rule: DemographicEntry, path: string, dictionary: CodeDictionary, report: Report): void {
  const service = rule.target === 'service';
  const list = service ? dictionary.services : dictionary.diagnoses;
  checkCode(service ? 'unknown-service' : 'unknown-diagnosis', list, rule.prefix, `${path}.prefix`, report);
  checkAges(rule, path, report);
  if (rule.sex === null && rule.age_from === null && rule.age_to === null) report(packProblem('empty-rule', path));
}

function checkCode(
  rule: 'unknown-service' | 'unknown-diagnosis',
  list: CodeList,
  code: string,
  path: string,
  report: Report,
): void {
  if (code.trim() === '') report(packProblem('empty-prefix', path));
  else if (firstMatch(list, code) === null) report(packProblem(rule, path, { code }, nearestCodes(list, code)));
}

function checkAges(rule: { age_from: number | null; age_to: number | null }, path: string, report: Report): void {
  if (rule.age_from !== null && rule.age_to !== null && rule.age_from > rule.age_to) {
    report(packProblem('age-order', `${path}.age_from`, { from: rule.age_from, to: rule.age_to }));
  }
}

function checkDates(guideline: GuidelineEntry, path: string, report: Report): void {
  for (const field of ['valid_from', 'valid_to'] as const) {
    const value = guideline[field];
    if (value !== null && !isCalendarDate(value)) report(packProblem('bad-date', `${path}.${field}`, { value }));
  }
  if (guideline.valid_to !== null && guideline.valid_to < guideline.valid_from) {
    const values = { from: guideline.valid_from, to: guideline.valid_to };
    report(packProblem('validity-order', `${path}.valid_to`, values));
  }
}

function isCalendarDate(text: string): boolean {
  const time = Date.parse(`${text}T00:00:00Z`);
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Two entries of one recommendation for the same diagnoses and ages must not be in force on the same day. */
function checkOverlaps(guidelines: readonly GuidelineEntry[], report: Report): void {
  const groups = new Map<string, number[]>();
  guidelines.forEach((g, i) => {
    const key = [g.title, g.source, [...g.diagnoses].sort().join(), g.age_from, g.age_to].join('|');
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  for (const group of groups.values()) {
    for (let a = 0; a < group.length; a += 1) {
      for (let b = a + 1; b < group.length; b += 1) {
        const [first, second] = [guidelines[group[a]!]!, guidelines[group[b]!]!];
        const apart =
          (first.valid_to !== null && first.valid_to < second.valid_from) ||
          (second.valid_to !== null && second.valid_to < first.valid_from);
        const values = { first: `guidelines[${group[a]}]` };
        if (!apart) report(packProblem('overlapping-validity', `guidelines[${group[b]}].valid_from`, values));
      }
    }
  }
}

function checkTwins<T>(items: readonly T[], section: string, keyOf: (item: T) => string, report: Report): void {
  const seen = new Map<string, string>();
  items.forEach((item, i) => {
    const path = `${section}[${i}]`;
    const first = seen.get(keyOf(item));
    if (first === undefined) seen.set(keyOf(item), path);
    else report(packProblem('duplicate-rule', path, { first }));
  });
}
