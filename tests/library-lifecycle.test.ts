import fc from 'fast-check';
import type { Lifecycle, LifecycleCommand, PackState } from '../models/library/lifecycle';
import { advance, createLifecycle, versionInForce } from '../models/library/lifecycle';
import { qualityByDoctor, qualityByRule } from '../models/library/quality';

const at = '2026-03-01T09:00:00Z';
const review = { action: 'review', actor: 'doctor-2', at, isDoctor: true } as const;
const publish = { action: 'publish', actor: 'lead', at, effectiveFrom: '2026-04-01' } as const;
const retire = { action: 'retire', actor: 'lead', at, effectiveTo: '2026-12-31' } as const;
const run = (...commands: LifecycleCommand[]) => commands.reduce<Lifecycle>(advance, createLifecycle('doctor-1', at));

describe('lifecycle', () => {
  test('draft, reviewed by a second doctor, published, retired', () => {
    const life = run({ action: 'edit', actor: 'doctor-3', at }, review, publish, retire);
    expect(life).toMatchObject({
      state: 'retired',
      authors: ['doctor-1', 'doctor-3'],
      reviewedBy: 'doctor-2',
      effectiveFrom: '2026-04-01',
      effectiveTo: '2026-12-31',
    });
    expect(life.history.map(({ action }) => action)).toEqual(['create', 'edit', 'review', 'publish', 'retire']);
  });

  test.each<[code: string, commands: LifecycleCommand[]]>([
    ['library.four-eyes', [{ ...review, actor: 'doctor-1' }]],
    ['library.four-eyes', [{ action: 'edit', actor: 'doctor-2', at }, review]],
    ['library.not-a-doctor', [{ ...review, isDoctor: false }]],
    ['library.wrong-state', [publish]],
    ['library.wrong-state', [review, { action: 'edit', actor: 'doctor-1', at }]],
    ['library.wrong-state', [review, publish, publish]],
    ['library.bad-dates', [review, { ...publish, effectiveFrom: 'soon' }]],
    ['library.bad-dates', [review, publish, { ...retire, effectiveTo: '2026-03-01' }]],
  ])('%s', (code, commands) => {
    expect(() => run(...commands)).toThrow(expect.objectContaining({ code }));
  });

  test('what goes back to draft loses its review', () => {
    const back = run(review, { action: 'send-back', actor: 'lead', at, comment: 'интервал' });
    expect(back).toMatchObject({ state: 'draft', reviewedBy: null });
    expect(() => advance(back, publish)).toThrow(expect.objectContaining({ code: 'library.wrong-state' }));
  });

  test('however commands come, nothing is published without a doctor who is no author', () => {
    const actor = fc.constantFrom('a', 'b', 'c');
    const command = fc.oneof(
      actor.map((who): LifecycleCommand => ({ action: 'edit', actor: who, at })),
      fc
        .tuple(actor, fc.boolean())
        .map(([who, isDoctor]): LifecycleCommand => ({ action: 'review', actor: who, at, isDoctor })),
      actor.map((who): LifecycleCommand => ({ action: 'send-back', actor: who, at, comment: 'x' })),
      actor.map((who): LifecycleCommand => ({ action: 'publish', actor: who, at, effectiveFrom: '2026-01-01' })),
    );
    const step = (life: Lifecycle, next: LifecycleCommand) => {
      try {
        return advance(life, next);
      } catch {
        return life;
      }
    };
    fc.assert(
      fc.property(fc.array(command, { maxLength: 12 }), (commands) => {
        const life = commands.reduce(step, createLifecycle('a', at));
        expect(
          life.state !== 'published' || (life.reviewedBy !== null && !life.authors.includes(life.reviewedBy)),
        ).toBe(true);
      }),
    );
  });
});

describe('version in force', () => {
  const version = (
    name: string,
    state: PackState,
    effectiveFrom: string | null,
    effectiveTo: string | null = null,
  ) => ({
    version: name,
    state,
    effectiveFrom,
    effectiveTo,
  });
  const versions = [
    version('1', 'retired', '2025-01-01', '2025-12-31'),
    version('2', 'published', '2026-01-01'),
    version('3', 'published', '2026-06-01'),
    version('4', 'reviewed', '2026-02-01'),
  ];

  test.each([
    ['2024-12-31', null],
    ['2025-12-31', '1'],
    ['2026-01-01', '2'],
    ['2026-05-31', '2'],
    ['2026-06-01', '3'],
  ])('on %s it is %s', (date, expected) => {
    expect(versionInForce(versions, date)?.version ?? null).toBe(expected);
  });
});

describe('quality page', () => {
  const dispute = (rules: string[], doctor: string | null, overturned: boolean) => ({
    rules,
    doctor,
    overturned,
    amountKopecks: 100_000,
  });

  test('counts a verdict for each of its rules and orders by what is proven', () => {
    const disputes = [
      ...Array.from({ length: 20 }, (_, i) => dispute(['R1', 'R2'], 'd1', i < 16)),
      dispute(['R2'], null, true),
    ];
    const rows = qualityByRule(disputes, [
      { id: 'R1', verdicts: 400 },
      { id: 'R3', verdicts: 10 },
    ]);
    expect(rows.map(({ id }) => id)).toEqual(['R2', 'R1', 'R3']);
    expect(rows[1]).toMatchObject({
      verdicts: 400,
      disputed: 20,
      overturned: 16,
      overturnRate: 0.8,
      overturnedOfAll: 0.04,
      overturnedKopecks: 1_600_000,
      alarming: true,
    });
    expect(rows[2]).toMatchObject({ disputed: 0, overturnRate: 0, low: 0, high: 1, alarming: false });
  });

  test('one lost dispute is no alarm, and verdicts of rules are nobody’s', () => {
    const rows = qualityByDoctor([dispute(['R1'], 'd1', true), dispute(['R1'], null, true)], []);
    expect(rows).toEqual([expect.objectContaining({ id: 'd1', disputed: 1, overturned: 1, alarming: false })]);
  });
});
