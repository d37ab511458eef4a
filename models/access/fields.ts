import type { Role } from './roles';

/**
 * What kind of fact a field of an answer carries, by the last part of its name. One list for the whole API: a field name
 * means the same everywhere.
 */
export type FieldClass = 'medical' | 'care-money' | 'score' | 'internal';

const CLASS_OF_FIELD: Readonly<Record<string, FieldClass>> = {
  // Diagnosis, service, and everything from which they can be read.
  diagnosis: 'medical',
  diagnosisId: 'medical',
  diagnosisCode: 'medical',
  diagnosisName: 'medical',
  service: 'medical',
  serviceId: 'medical',
  serviceCode: 'medical',
  serviceName: 'medical',
  itemCode: 'medical',
  itemName: 'medical',
  clinicItem: 'medical',
  tooth: 'medical',
  specialty: 'medical',
  doctor: 'medical',
  doctorCode: 'medical',
  finding: 'medical',
  findings: 'medical',
  findingCode: 'medical',
  reasonCode: 'medical',
  explanation: 'medical',
  letter: 'medical',
  letterNo: 'medical',
  letters: 'medical',
  line: 'medical',
  lines: 'medical',
  verdict: 'medical',
  verdicts: 'medical',
  comment: 'medical',
  answer: 'medical',
  answers: 'medical',
  documents: 'medical',
  // What the care of a person cost.
  price: 'care-money',
  priceKopecks: 'care-money',
  unitPriceKopecks: 'care-money',
  amount: 'care-money',
  amountKopecks: 'care-money',
  billedKopecks: 'care-money',
  acceptedKopecks: 'care-money',
  reducedKopecks: 'care-money',
  refusedKopecks: 'care-money',
  paidKopecks: 'care-money',
  patientShareKopecks: 'care-money',
  moneyAtRisk: 'care-money',
  atRiskKopecks: 'care-money',
  payout: 'care-money',
  payoutKopecks: 'care-money',
  quantity: 'care-money',
  // Suspicion: not for those whom it is about.
  fraudScore: 'score',
  suspicion: 'score',
  phantomPosterior: 'score',
  // The insurer's own notes.
  internalNote: 'internal',
};

/** Classes that a role never sees, whatever the route says. Roles that are absent see all four. */
const HIDDEN: Readonly<Partial<Record<Role, readonly FieldClass[]>>> = {
  employer: ['medical', 'care-money', 'score', 'internal'],
  clinic: ['score', 'internal'],
  insured: ['score', 'internal'],
};

/**
 * Invariant 8. The employer sees only what is listed here; a field that nobody has thought about stays away. Sums over
 * its people come under `aggregates`, which the reporting code has cleared of small cells (11 people at least).
 */
const EMPLOYER_FIELDS: ReadonlySet<string> = new Set(
  [
    // Frames of answers.
    'items next total count id version state status createdAt updatedAt rejections row field value reason rule',
    'fix accepted rejected path message changes',
    // The own account.
    'user login role scope clinicId policyholderId policyId hubId fullName skills token tokenType expiresAt',
    'kind actions permissions',
    // Contract and roster.
    'contract contractNo contracts policyholder name startDate endDate reviewTermDays programme programmes',
    'programmeCode code enrolment enrolments attachDate detachDate insured policyNo sex birthDate headcount',
    'clinics clinicCode clinicName city premiumKopecks premium aggregates',
  ].flatMap((names) => names.split(' ')),
);

const AGGREGATES = 'aggregates';

/** May this role see a field of this name? The test of invariant 8 asks it for every field of every schema. */
export function isFieldVisible(role: Role, field: string): boolean {
  const fieldClass = Object.hasOwn(CLASS_OF_FIELD, field) ? CLASS_OF_FIELD[field] : undefined;
  if (fieldClass !== undefined && HIDDEN[role]?.includes(fieldClass) === true) return false;
  return role !== 'employer' || EMPLOYER_FIELDS.has(field);
}

/** The class of a field name; undefined for the many that carry nothing delicate. */
export function fieldClassOf(field: string): FieldClass | undefined {
  return Object.hasOwn(CLASS_OF_FIELD, field) ? CLASS_OF_FIELD[field] : undefined;
}

/**
 * The answer as this role may see it: hidden fields are left out at any depth. Applied to every JSON answer and event
 * after the output check, so that no route can forget it.
 */
export function maskFields(role: Role, value: unknown): unknown {
  if (HIDDEN[role] === undefined || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map((item) => maskFields(role, item));
  const kept: [string, unknown][] = [];
  for (const [key, item] of Object.entries(value)) {
    if (!isFieldVisible(role, key)) continue;
    kept.push([key, role === 'employer' && key === AGGREGATES ? item : maskFields(role, item)]);
  }
  return Object.fromEntries(kept);
}
