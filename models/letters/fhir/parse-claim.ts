import type {
  Bundle,
  Claim,
  ClaimItem,
  ClaimSupportingInfo,
  CodeableConcept,
  Identifier,
  Reference,
} from '@medplum/fhirtypes';
import type { Urgency } from '../types';
import { readShape, unreadable } from './shape';
import { FHIR } from './systems';

/** Shape that `letterRequestSchema` then checks: the FHIR door only translates. */
export interface ParsedClaim {
  policyNo: string;
  clinicCode: string;
  urgency: Urgency;
  senderRef: string | null;
  lines: {
    serviceCode: string;
    diagnosisCode: string;
    quantity: number;
    periodFrom: string;
    periodTo: string;
    tooth: string | null;
  }[];
  /** Kinds of documents that are sent with the request. */
  documents: string[];
  /** Those that are in the Bundle themselves, base64 as they came. */
  attachments: { kind: string; fileName: string; mediaType: string; base64: string }[];
}

/** Which request an inquiry is about: by the sender's reference, our id, or the number on the letter. */
export interface ParsedInquiry {
  senderRef: string | null;
  requestId: string | null;
  number: string | null;
}

/**
 * Reads a Bundle whose first entry is a Claim with use `preauthorization` (Da Vinci PAS `Claim/$submit`).
 * @throws AppError `fhir.unreadable` that names the FHIRPath of what is missing
 */
export function parseClaimBundle(input: unknown): ParsedClaim {
  const bundle = readShape('Bundle', input);
  const claim = claimOf(bundle);
  const diagnoses = new Map(
    (claim.diagnosis ?? []).map((item) => [item.sequence, codeOf(item.diagnosisCodeableConcept, FHIR.diagnosis)]),
  );
  const items = claim.item ?? [];
  if (items.length === 0) throw unreadable('Claim.item', '1..*');
  return {
    policyNo: policyOf(claim, bundle),
    clinicCode: clinicOf(claim, bundle),
    urgency: urgencyOf(claim),
    senderRef: senderRefOf(claim),
    lines: items.map((item, index) => lineOf(claim, item, index, diagnoses)),
    documents: (claim.supportingInfo ?? [])
      .map((info) => info.code?.coding?.[0]?.code ?? '')
      .filter((kind) => kind !== ''),
    attachments: (claim.supportingInfo ?? []).flatMap(attachmentOf),
  };
}

/**
 * Reads the Bundle of `Claim/$inquire`: the Claim's identifier (the sender's own, or the id that we gave), else the
 * number of the letter in `insurance.preAuthRef`.
 * @throws AppError `fhir.unreadable`
 */
export function parseInquiry(input: unknown): ParsedInquiry {
  const claim = claimOf(readShape('Bundle', input));
  const inquiry = {
    senderRef: senderRefOf(claim),
    requestId: valueOf(claim.identifier, FHIR.request),
    number: claim.insurance?.[0]?.preAuthRef?.[0] ?? null,
  };
  if (Object.values(inquiry).some((value) => value !== null)) return inquiry;
  throw unreadable('Claim.identifier', 'value');
}

function claimOf(bundle: Bundle): Claim {
  const first = bundle.entry?.[0]?.resource;
  if (first?.resourceType !== 'Claim') throw unreadable('Bundle.entry[0].resource', 'Claim');
  const claim = readShape('Claim', first);
  if (claim.use !== 'preauthorization') throw unreadable('Claim.use', 'preauthorization');
  return claim;
}

/** The sender's reference: the first identifier that is not one of ours. */
function senderRefOf({ identifier }: Claim): string | null {
  return identifier?.find((item) => item.system !== FHIR.request)?.value ?? null;
}

function attachmentOf(info: ClaimSupportingInfo, index: number): ParsedClaim['attachments'] {
  const file = info.valueAttachment;
  if (file?.data === undefined) return [];
  const kind = info.code?.coding?.[0]?.code ?? 'referral';
  const mediaType = file.contentType;
  if (mediaType === undefined) {
    throw unreadable(`Claim.supportingInfo[${index}].valueAttachment.contentType`, 'application/pdf');
  }
  return [{ kind, fileName: file.title ?? `${kind}-${index + 1}`, mediaType, base64: file.data }];
}

function lineOf(
  claim: Claim,
  item: ClaimItem,
  index: number,
  diagnoses: ReadonlyMap<number | undefined, string | null>,
): ParsedClaim['lines'][number] {
  const path = `Claim.item[${index}]`;
  const serviceCode = codeOf(item.productOrService, FHIR.service);
  if (serviceCode === null) throw unreadable(`${path}.productOrService.coding`, FHIR.service);
  const diagnosisCode = diagnoses.get(item.diagnosisSequence?.[0] ?? claim.diagnosis?.[0]?.sequence) ?? null;
  if (diagnosisCode === null) throw unreadable(`${path}.diagnosisSequence`, FHIR.diagnosis);
  const from = item.servicedPeriod?.start ?? item.servicedDate;
  if (from === undefined) throw unreadable(`${path}.servicedPeriod.start`, 'date');
  return {
    serviceCode,
    diagnosisCode,
    quantity: item.quantity?.value ?? 1,
    periodFrom: from.slice(0, 10),
    periodTo: (item.servicedPeriod?.end ?? from).slice(0, 10),
    tooth: codeOf(item.bodySite, FHIR.toothSystem),
  };
}

function urgencyOf(claim: Claim): Urgency {
  if (claim.type?.coding?.some((coding) => coding.code === 'institutional')) return 'planned-inpatient';
  return claim.priority?.coding?.some((coding) => coding.code === 'stat') ? 'emergency' : 'standard';
}

function policyOf(claim: Claim, bundle: Bundle): string {
  const [insurance] = claim.insurance ?? [];
  if (insurance === undefined) throw unreadable('Claim.insurance[0].coverage', 'Coverage.subscriberId');
  const coverage = resolve(bundle, insurance.coverage, 'Coverage');
  const patient = resolve(bundle, claim.patient, 'Patient');
  const number =
    coverage?.subscriberId ??
    valueOf(coverage?.identifier, FHIR.policy) ??
    claim.patient?.identifier?.value ??
    valueOf(patient?.identifier, FHIR.policy);
  if (number === null) throw unreadable('Claim.insurance[0].coverage', 'Coverage.subscriberId');
  return number;
}

function clinicOf(claim: Claim, bundle: Bundle): string {
  const provider = resolve(bundle, claim.provider, 'Organization');
  const code = valueOf(provider?.identifier, FHIR.clinic) ?? claim.provider?.identifier?.value ?? null;
  if (code === null) throw unreadable('Claim.provider', `identifier ${FHIR.clinic}`);
  return code;
}

function resolve<K extends 'Coverage' | 'Organization' | 'Patient'>(
  bundle: Bundle,
  reference: Reference | undefined,
  type: K,
) {
  const wanted = reference?.reference;
  if (wanted === undefined) return undefined;
  const entry = bundle.entry?.find(
    (item) => item.fullUrl === wanted || `${item.resource?.resourceType}/${item.resource?.id}` === wanted,
  );
  return entry?.resource?.resourceType === type ? readShape(type, entry.resource) : undefined;
}

function valueOf(identifiers: Identifier[] | undefined, system: string): string | null {
  return identifiers?.find((item) => item.system === system)?.value ?? null;
}

function codeOf(concept: CodeableConcept | undefined, system: string): string | null {
  return concept?.coding?.find((coding) => coding.system === system)?.code ?? concept?.coding?.[0]?.code ?? null;
}
