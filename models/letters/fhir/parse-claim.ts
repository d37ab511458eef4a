import type {
  Bundle,
  Claim,
  ClaimItem,
  CodeableConcept,
  Coverage,
  Identifier,
  Organization,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import { AppError } from '../../errors';
import type { Urgency } from '../types';
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
  documents: string[];
}

/**
 * Reads a Bundle whose first entry is a Claim with use `preauthorization` (Da Vinci PAS `Claim/$submit`).
 * @throws AppError `fhir.unreadable` that names the FHIRPath of what is missing
 */
export function parseClaimBundle(bundle: Bundle): ParsedClaim {
  const claim = bundle.entry?.[0]?.resource;
  if (claim?.resourceType !== 'Claim') throw missing('Bundle.entry[0].resource', 'Claim');
  if (claim.use !== 'preauthorization') throw missing('Claim.use', 'preauthorization');
  const diagnoses = new Map(
    (claim.diagnosis ?? []).map((item) => [item.sequence, codeOf(item.diagnosisCodeableConcept, FHIR.diagnosis)]),
  );
  const items = claim.item ?? [];
  if (items.length === 0) throw missing('Claim.item', '1..*');
  return {
    policyNo: policyOf(claim, bundle),
    clinicCode: clinicOf(claim, bundle),
    urgency: urgencyOf(claim),
    senderRef: claim.identifier?.[0]?.value ?? null,
    lines: items.map((item, index) => lineOf(claim, item, index, diagnoses)),
    documents: (claim.supportingInfo ?? [])
      .map((info) => info.code?.coding?.[0]?.code ?? '')
      .filter((kind) => kind !== ''),
  };
}

function lineOf(
  claim: Claim,
  item: ClaimItem,
  index: number,
  diagnoses: ReadonlyMap<number | undefined, string | null>,
): ParsedClaim['lines'][number] {
  const path = `Claim.item[${index}]`;
  const serviceCode = codeOf(item.productOrService, FHIR.service);
  if (serviceCode === null) throw missing(`${path}.productOrService.coding`, FHIR.service);
  const diagnosisCode = diagnoses.get(item.diagnosisSequence?.[0] ?? claim.diagnosis?.[0]?.sequence) ?? null;
  if (diagnosisCode === null) throw missing(`${path}.diagnosisSequence`, FHIR.diagnosis);
  const from = item.servicedPeriod?.start ?? item.servicedDate;
  if (from === undefined) throw missing(`${path}.servicedPeriod.start`, 'date');
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
  const coverage = resolve<Coverage>(bundle, claim.insurance?.[0]?.coverage, 'Coverage');
  const number =
    coverage?.subscriberId ?? valueOf(coverage?.identifier, FHIR.policy) ?? claim.patient?.identifier?.value ?? null;
  if (number === null) throw missing('Claim.insurance[0].coverage', 'Coverage.subscriberId');
  return number;
}

function clinicOf(claim: Claim, bundle: Bundle): string {
  const provider = resolve<Organization>(bundle, claim.provider, 'Organization');
  const code = valueOf(provider?.identifier, FHIR.clinic) ?? claim.provider?.identifier?.value ?? null;
  if (code === null) throw missing('Claim.provider', `identifier ${FHIR.clinic}`);
  return code;
}

function resolve<T extends Resource>(
  bundle: Bundle,
  reference: Reference | undefined,
  type: T['resourceType'],
): T | undefined {
  const wanted = reference?.reference;
  if (wanted === undefined) return undefined;
  const entry = bundle.entry?.find(
    (item) => item.fullUrl === wanted || `${item.resource?.resourceType}/${item.resource?.id}` === wanted,
  );
  return entry?.resource?.resourceType === type ? (entry.resource as T) : undefined;
}

function valueOf(identifiers: Identifier[] | undefined, system: string): string | null {
  return identifiers?.find((item) => item.system === system)?.value ?? null;
}

function codeOf(concept: CodeableConcept | undefined, system: string): string | null {
  return concept?.coding?.find((coding) => coding.system === system)?.code ?? concept?.coding?.[0]?.code ?? null;
}

function missing(path: string, expected: string): AppError {
  return new AppError(
    'fhir.unreadable',
    { ru: `${path}: ожидается ${expected}`, en: `${path}: ${expected} is expected` },
    { httpStatus: 422, details: { path, expected } },
  );
}
