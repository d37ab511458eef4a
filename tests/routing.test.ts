import fc from 'fast-check';
import { balances } from '../models/review-case/money';
import { REASONS } from '../models/review-case/reasons';
import { groundOf } from '../models/routing/families';
import { actionFor, assertLawfulPolicy, DEFAULT_ROUTING_POLICY } from '../models/routing/policy';
import type { RoutingPolicy } from '../models/routing/policy';
import { routeLine } from '../models/routing/route-line';
import type { RoutableFinding, RoutableLine } from '../models/routing/route-line';

const finding = (code: string, over: Partial<RoutableFinding> = {}): RoutableFinding => ({
  code,
  atRiskKopecks: 1000,
  clause: null,
  contractPriceKopecks: null,
  ...over,
});
const line = (findings: RoutableFinding[], over: Partial<RoutableLine> = {}): RoutableLine => ({
  clinicCode: 'C01',
  quantity: 2,
  unitPriceKopecks: 50_000,
  amountKopecks: 100_000,
  patientShareKopecks: 10_000,
  findings,
  ...over,
});
const policy = (rules: RoutingPolicy['rules']): RoutingPolicy => ({ version: 7, effectiveFrom: '2026-01-01', rules });

describe('the default policy', () => {
  test.each([
    ['ELIG-01', 'refuse'],
    ['ELIG-02', 'refuse'],
    ['DUPL-01', 'refuse'],
    ['PRIC-02', 'reduce-to-price'],
    ['PRIC-03', 'reduce-to-arithmetic'],
  ])('decides %s by rule: %s', (code, action) => {
    expect(actionFor(DEFAULT_ROUTING_POLICY, { code, atRiskKopecks: 1 }, 'C01')).toBe(action);
  });

  test.each(Object.keys(REASONS).filter((code) => !/^(ELIG-0[12]|DUPL-01|PRIC-0[23])$/.test(code)))(
    'leaves %s to a doctor',
    (code) => {
      expect(actionFor(DEFAULT_ROUTING_POLICY, { code, atRiskKopecks: 1 }, 'C01')).toBe('queue');
      expect(routeLine(DEFAULT_ROUTING_POLICY, line([finding(code)])).kind).toBe('queue');
    },
  );
});

describe('one line', () => {
  test('without findings it is accepted in full, less the share of the patient', () => {
    const route = routeLine(DEFAULT_ROUTING_POLICY, line([]));
    expect(route).toMatchObject({ kind: 'accept', money: { acceptedKopecks: 90_000, patientShareKopecks: 10_000 } });
  });

  test('an administrative refusal settles it whatever else was found', () => {
    const route = routeLine(DEFAULT_ROUTING_POLICY, line([finding('CLIN-01'), finding('ELIG-02')]));
    expect(route).toMatchObject({ kind: 'refuse', reasonCode: 'ELIG-02', money: { refusedKopecks: 90_000 } });
  });

  test('of two refusals the first one of the policy is named, in whatever order they were read', () => {
    const codes = ['DUPL-01', 'ELIG-01'];
    for (const order of [codes, codes.toReversed()]) {
      expect(routeLine(DEFAULT_ROUTING_POLICY, line(order.map((code) => finding(code))))).toMatchObject({
        reasonCode: 'ELIG-01',
      });
    }
  });

  test.each([
    ['a price above the contract', [finding('PRIC-02', { contractPriceKopecks: 40_000 })], {}, 'PRIC-02', 70_000],
    ['a sum above its arithmetic', [finding('PRIC-03')], { amountKopecks: 130_000 }, 'PRIC-03', 90_000],
    [
      'both: the lower price times the quantity',
      [finding('PRIC-03'), finding('PRIC-02', { contractPriceKopecks: 30_000 })],
      { amountKopecks: 130_000 },
      'PRIC-02',
      50_000,
    ],
    [
      'a contract price below the share of the patient',
      [finding('PRIC-02', { contractPriceKopecks: 1 })],
      {},
      'PRIC-02',
      0,
    ],
  ])('is reduced by rule: %s', (_name, findings, over, reasonCode, acceptedKopecks) => {
    const route = routeLine(DEFAULT_ROUTING_POLICY, line(findings, over));
    expect(route).toMatchObject({ kind: 'reduce', reasonCode, money: { acceptedKopecks } });
  });

  test('a bill below its own arithmetic is paid as billed', () => {
    const route = routeLine(DEFAULT_ROUTING_POLICY, line([finding('PRIC-03')], { amountKopecks: 80_000 }));
    expect(route).toMatchObject({ kind: 'accept', money: { acceptedKopecks: 70_000 } });
  });

  test('a reduction with anything medical beside it goes to a doctor as a whole', () => {
    const findings = [finding('PRIC-02', { contractPriceKopecks: 40_000 }), finding('CLIN-03')];
    expect(routeLine(DEFAULT_ROUTING_POLICY, line(findings)).kind).toBe('queue');
  });

  test('a price finding that does not say the price goes to a doctor', () => {
    expect(routeLine(DEFAULT_ROUTING_POLICY, line([finding('PRIC-02')])).kind).toBe('queue');
  });
});

describe('a policy of the insurer', () => {
  const ours = policy([
    { codes: ['CLIN-01'], maxAtRiskKopecks: 50_000, action: 'accept' },
    { codes: ['LIMI-03'], clinics: ['C02'], action: 'refuse' },
  ]);

  test.each([
    ['CLIN-01', 50_000, 'C01', 'accept'],
    ['CLIN-01', 50_001, 'C01', 'queue'],
    ['LIMI-03', 1, 'C02', 'refuse'],
    ['LIMI-03', 1, 'C01', 'queue'],
  ])('%s with %d kopecks at risk in %s: %s', (code, atRiskKopecks, clinic, action) => {
    expect(actionFor(ours, { code, atRiskKopecks }, clinic)).toBe(action);
  });

  test('a finding that nobody has to look at is accepted and stays on record', () => {
    expect(routeLine(ours, line([finding('CLIN-01')])).kind).toBe('accept');
  });

  test.each<[RoutingPolicy['rules'][number], string]>([
    [{ codes: ['CLIN-01'], action: 'refuse' }, 'medical'],
    [{ codes: ['FEED-01'], action: 'refuse' }, 'medical'],
    [{ codes: ['LIMI-01'], action: 'reduce-to-price' }, 'price'],
    [{ codes: ['PRIC-02'], action: 'reduce-to-arithmetic' }, 'arithmetic'],
    [{ codes: ['OTHER-01'], action: 'queue' }, 'code'],
  ])('%j is unlawful: %s', (rule) => {
    expect(() => assertLawfulPolicy(policy([rule]))).toThrow(
      expect.objectContaining({ code: 'routing.unlawful-rule' }),
    );
  });

  test('the shipped default is lawful', () => {
    expect(() => assertLawfulPolicy(DEFAULT_ROUTING_POLICY)).not.toThrow();
  });
});

test('whatever was billed and found, the parts add up to the kopeck and a machine never cuts on medical grounds', () => {
  const anyFinding = fc.record({
    code: fc.constantFrom(...Object.keys(REASONS)),
    atRiskKopecks: fc.nat(10_000_000),
    clause: fc.constant(null),
    contractPriceKopecks: fc.option(fc.nat(10_000_000), { nil: null }),
  });
  const anyLine = fc.record({
    clinicCode: fc.constant('C01'),
    quantity: fc.integer({ min: 1, max: 100 }),
    unitPriceKopecks: fc.nat(10_000_000),
    amountKopecks: fc.nat(1_000_000_000),
    patientShareKopecks: fc.nat(1_000_000_000),
    findings: fc.uniqueArray(anyFinding, { selector: (each) => each.code, maxLength: 6 }),
  });
  fc.assert(
    fc.property(anyLine, (each) => {
      const route = routeLine(DEFAULT_ROUTING_POLICY, each);
      if (route.kind === 'queue') return true;
      const parts = Object.values(route.money).every((kopecks) => kopecks >= 0);
      const lawful = route.kind === 'accept' || groundOf(route.reasonCode) === 'administrative';
      return parts && lawful && balances(route.money);
    }),
    { numRuns: 2000 },
  );
});
