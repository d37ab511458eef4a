import { compileReference } from '../models/review/compile';
import { worldFromRows } from '../models/review/from-rows';
import { sortLineTable } from '../models/review/line-order';
import type { GuidelinePack } from '../models/review/reference';
import { describeFindings } from '../models/review/findings';
import { reviewScope } from '../models/review/scopes';
import { SCOPES } from './support/review-world';
import { generateWorld } from './support/world-generator/generate';

/** The generated world with other packs in place of its own; findings as "service day, code, guideline". */
function review(packs: (pack: GuidelinePack) => GuidelinePack[]): { day: string; key: string }[] {
  const world = worldFromRows(generateWorld(61, 60), 'test');
  const compiled = compileReference({ ...world.reference, packs: world.reference.packs.flatMap(packs) });
  const table = sortLineTable(world.table, compiled.clinics.rank);
  const days = new Map(Array.from(table.lineId, (id, row) => [id, table.serviceDay[row]!]));
  return SCOPES.flatMap((scope) =>
    describeFindings(reviewScope(scope, { compiled, subjects: world.subjects, table })),
  ).map((finding) => ({
    day: new Date(days.get(finding.lineId)! * 86_400_000).toISOString().slice(0, 10),
    key: `${finding.lineId} ${finding.code} ${finding.guidelineId}`,
  }));
}

const LAST_OLD = '2025-02-27';
const FIRST_NEW = '2025-02-28';
/** A second version of the pack: everything is stricter and has other names. */
const stricter = (pack: GuidelinePack): GuidelinePack => ({
  ...pack,
  version: '2',
  guidelines: pack.guidelines.map((g) => ({
    ...g,
    id: `${g.id}-new`,
    services: g.services.map((s) => ({ ...s, maxPerEpisode: 1, minIntervalDays: 9 })),
  })),
  pairs: pack.pairs.map((pair) => ({ ...pair, id: `${pair.id}-new`, windowDays: pair.windowDays + 3 })),
  demographics: pack.demographics.map((rule) => ({ ...rule, id: `${rule.id}-new` })),
  visits: { ...pack.visits!, primaryWindowDays: 9 },
  day: { maxDoctorMinutes: 60 },
});

describe('two versions of a pack', () => {
  const old = review((pack) => [pack]);
  const fresh = review((pack) => [stricter(pack)]);
  const both = review((pack) => [
    { ...pack, effectiveTo: LAST_OLD },
    { ...stricter(pack), effectiveFrom: FIRST_NEW },
  ]);
  const keys = (findings: typeof old, wanted: (day: string) => boolean): string[] =>
    findings
      .filter(({ day }) => wanted(day))
      .map(({ key }) => key)
      .sort();

  test('the version in force on the service date decides, to the day', () => {
    expect(keys(both, (day) => day <= LAST_OLD)).toEqual(keys(old, (day) => day <= LAST_OLD));
    expect(keys(both, (day) => day >= FIRST_NEW)).toEqual(keys(fresh, (day) => day >= FIRST_NEW));
  });

  test('the versions do differ on both sides of the change', () => {
    expect(keys(old, (day) => day <= LAST_OLD)).not.toEqual(keys(fresh, (day) => day <= LAST_OLD));
    expect(keys(old, (day) => day >= FIRST_NEW)).not.toEqual(keys(fresh, (day) => day >= FIRST_NEW));
  });

  test('without any pack, medical rules are silent and the others stay', () => {
    const none = review(() => []).map(({ key }) => key.split(' ')[1]!);
    expect(none.filter((code) => /^(FREQ|DEMO|CLIN-0[13]|COMB|PLAU-02)/.test(code))).toEqual([]);
    expect(none).toContain('PRIC-02');
  });
});
