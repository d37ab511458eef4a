import type { CoverageEligibilityResponse } from '@medplum/fhirtypes';
import type { CoverageAnswer } from '../coverage';
import { readShape, unreadable } from './shape';
import { FHIR } from './systems';

/** What a coverage check needs; the same as one line of a letter request. */
export interface ParsedEligibility {
  policyNo: string;
  clinicCode: string;
  lines: { serviceCode: string; diagnosisCode: string; quantity: number; periodFrom: string; periodTo: string }[];
}

/** Reads a CoverageEligibilityRequest (purpose auth-requirements or benefits). Throws `fhir.unreadable`. */
export function parseEligibility(input: unknown, today: string): ParsedEligibility {
  const request = readShape('CoverageEligibilityRequest', input);
  const policyNo = request.patient?.identifier?.value;
  if (policyNo === undefined) throw unreadable('CoverageEligibilityRequest.patient.identifier', '1..1');
  const clinicCode = request.provider?.identifier?.value;
  if (clinicCode === undefined) throw unreadable('CoverageEligibilityRequest.provider.identifier', '1..1');
  const items = request.item ?? [];
  if (items.length === 0) throw unreadable('CoverageEligibilityRequest.item', '1..1');
  const from = (request.servicedDate ?? request.servicedPeriod?.start ?? today).slice(0, 10);
  const lines = items.map((item, index) => {
    const serviceCode = item.productOrService?.coding?.[0]?.code;
    if (serviceCode === undefined)
      throw unreadable(`CoverageEligibilityRequest.item[${index}].productOrService`, '1..1');
    const diagnosisCode = item.diagnosis?.[0]?.diagnosisCodeableConcept?.coding?.[0]?.code;
    if (diagnosisCode === undefined) throw unreadable(`CoverageEligibilityRequest.item[${index}].diagnosis`, '1..1');
    return { serviceCode, diagnosisCode, quantity: item.quantity?.value ?? 1, periodFrom: from, periodTo: from };
  });
  return { policyNo, clinicCode, lines };
}

/** The answers as a CoverageEligibilityResponse: one insurance, one item per requested service, in order. */
export function eligibilityResponse(input: {
  id: string;
  created: string;
  parsed: ParsedEligibility;
  answers: readonly CoverageAnswer[];
}): CoverageEligibilityResponse {
  const patient = { identifier: { system: FHIR.policy, value: input.parsed.policyNo } };
  return {
    resourceType: 'CoverageEligibilityResponse',
    id: input.id,
    status: 'active',
    purpose: ['auth-requirements', 'benefits'],
    patient,
    created: input.created,
    request: { identifier: { system: FHIR.request, value: input.id } },
    outcome: 'complete',
    insurer: { display: 'Medex' },
    insurance: [
      {
        coverage: { identifier: patient.identifier },
        inforce: input.answers.every((answer) => !answer.reasons.some(({ code }) => /^ELIG-0[12]$/.test(code))),
        item: input.answers.map((answer, index) => ({
          productOrService: { coding: [{ system: FHIR.service, code: input.parsed.lines[index]!.serviceCode }] },
          excluded: answer.covered === 'no',
          description: answer.reasons.map(({ text }) => text.ru).join('; ') || undefined,
          authorizationRequired: answer.letterRequired,
          ...(answer.documents.length === 0
            ? {}
            : { authorizationSupporting: answer.documents.map(({ name }) => ({ text: name.ru })) }),
          ...(answer.patientShare === null ? {} : { benefit: benefits(answer) }),
        })),
      },
    ],
  };
}

function benefits(answer: CoverageAnswer) {
  const type = (code: string) => ({
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/benefit-type', code }],
  });
  const annual = answer.limits.find((limit) => limit.key === 'annual');
  return [
    { type: type('copay'), allowedMoney: { value: (answer.patientShare ?? 0) / 100, currency: 'RUB' as const } },
    ...(annual === undefined
      ? []
      : [
          {
            type: type('benefit'),
            allowedMoney: { value: annual.cap / 100, currency: 'RUB' as const },
            usedMoney: { value: (annual.cap - annual.left) / 100, currency: 'RUB' as const },
          },
        ]),
  ];
}
