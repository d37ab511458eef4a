import type { Bundle, ClaimResponse, ClaimResponseItem, Extension } from '@medplum/fhirtypes';
import type { LetterState, LineOutcome } from '../types';
import { FHIR } from './systems';

/** What the FHIR door needs of a request to answer; the texts are Russian, codes carry the meaning. */
export interface AnsweredRequest {
  readonly requestId: string;
  readonly senderRef: string | null;
  readonly number: string | null;
  readonly policyNo: string;
  readonly clinicCode: string;
  readonly state: LetterState;
  readonly submittedAt: string;
  readonly validFrom: string | null;
  readonly validTo: string | null;
  readonly lines: readonly {
    readonly lineNo: number;
    readonly outcome: LineOutcome;
    readonly quantity: number;
    readonly approvedQuantity: number;
    readonly approvedKopecks: number;
    readonly approvedFrom: string | null;
    readonly approvedTo: string | null;
    readonly letterNo: string | null;
    readonly reasonCode: string | null;
    readonly reasons: readonly string[];
  }[];
}

const REVIEW_ACTION: Readonly<Record<LineOutcome, { code: string; display: string }>> = {
  approved: { code: 'A1', display: 'Certified in total' },
  partial: { code: 'A2', display: 'Certified - partial' },
  refused: { code: 'A3', display: 'Not Certified' },
  pended: { code: 'A4', display: 'Pended' },
  cancelled: { code: 'A3', display: 'Not Certified' },
  expired: { code: 'A3', display: 'Not Certified' },
};

/**
 * The answer to `Claim/$submit` and `$inquire`: a collection Bundle whose first entry is the ClaimResponse. `outcome` is
 * the processing state (queued while anything is pended, else complete); the verdict is each item's reviewAction.
 */
export function claimResponseBundle(request: AnsweredRequest): Bundle {
  return {
    resourceType: 'Bundle',
    type: 'collection',
    timestamp: request.submittedAt,
    entry: [{ fullUrl: `urn:uuid:${request.requestId}`, resource: claimResponse(request) }],
  };
}

export function claimResponse(request: AnsweredRequest): ClaimResponse {
  const pended = request.state === 'pended' || request.state === 'submitted';
  return {
    resourceType: 'ClaimResponse',
    id: request.requestId,
    identifier: [{ system: FHIR.request, value: request.requestId }],
    status: request.state === 'cancelled' ? 'cancelled' : 'active',
    type: { coding: [{ system: FHIR.claimType, code: 'professional' }] },
    use: 'preauthorization',
    patient: { identifier: { system: FHIR.policy, value: request.policyNo } },
    created: request.submittedAt,
    insurer: { display: 'Medex' },
    requestor: { identifier: { system: FHIR.clinic, value: request.clinicCode } },
    ...(request.senderRef === null
      ? {}
      : { request: { identifier: { system: FHIR.sender, value: request.senderRef } } }),
    outcome: pended ? 'queued' : 'complete',
    ...(request.number === null ? {} : { preAuthRef: request.number }),
    ...(request.validFrom === null || request.validTo === null
      ? {}
      : { preAuthPeriod: { start: request.validFrom, end: request.validTo } }),
    item: request.lines.map(itemOf),
    processNote: notesOf(request),
  };
}

function itemOf(line: AnsweredRequest['lines'][number]): ClaimResponseItem {
  const extension: Extension[] =
    line.approvedFrom === null || line.approvedTo === null
      ? []
      : [{ url: FHIR.authorizationPeriodExtension, valuePeriod: { start: line.approvedFrom, end: line.approvedTo } }];
  return {
    ...(extension.length === 0 ? {} : { extension }),
    itemSequence: line.lineNo,
    noteNumber: line.reasons.length === 0 ? undefined : [line.lineNo],
    adjudication: [
      {
        extension: [reviewAction(line)],
        category: { coding: [{ system: FHIR.adjudication, code: 'submitted' }] },
        value: line.quantity,
      },
      {
        category: { coding: [{ system: FHIR.adjudication, code: 'benefit' }] },
        amount: { value: line.approvedKopecks / 100, currency: 'RUB' },
        value: line.approvedQuantity,
      },
    ],
  };
}

function reviewAction(line: AnsweredRequest['lines'][number]): Extension {
  const action = REVIEW_ACTION[line.outcome];
  const coding = { system: FHIR.reviewAction, ...action };
  const nested: Extension[] = [
    { url: FHIR.reviewActionCodeExtension, valueCodeableConcept: { coding: [coding] } },
    ...(line.letterNo === null ? [] : [{ url: 'number', valueString: line.letterNo }]),
    ...(line.reasonCode === null
      ? []
      : [{ url: 'reasonCode', valueCodeableConcept: { coding: [{ system: FHIR.reason, code: line.reasonCode }] } }]),
  ];
  return { url: FHIR.reviewActionExtension, extension: nested };
}

function notesOf(request: AnsweredRequest): ClaimResponse['processNote'] {
  const notes = request.lines.filter((line) => line.reasons.length > 0);
  return notes.length === 0
    ? undefined
    : notes.map((line) => ({ number: line.lineNo, type: 'display', text: line.reasons.join('; ') }));
}
