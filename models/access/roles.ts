/** Every role a principal can have. Machines get one of them too, by API key. */
export const ROLES = [
  'administrator',
  'analyst',
  'medical-expert',
  'lead-expert',
  'curator-doctor',
  'underwriter',
  'senior-underwriter',
  'investigator',
  'clinic',
  'employer',
  'insured',
] as const;

export type Role = (typeof ROLES)[number];

/** Roles that act in the name of a doctor: the account must carry the doctor's full name (invariant 1). */
export const DOCTOR_ROLES: readonly Role[] = ['medical-expert', 'lead-expert', 'curator-doctor'];

/** Roles from outside the insurer: they see only rows of their owner. */
export const OUTSIDE_ROLES: readonly Role[] = ['clinic', 'employer', 'insured'];

/** Whose rows an account may see. A staff member without a hub serves every hub. */
export interface OwnerScope {
  readonly clinicId: number | null;
  readonly policyholderId: number | null;
  readonly policyId: number | null;
  readonly hubId: number | null;
}

/** The authenticated caller. `id` is the opaque account id that verdicts, audit and workflows carry. */
export interface Principal {
  readonly kind: 'user' | 'api-key' | 'oidc';
  readonly id: string;
  readonly role: Role;
  readonly scope: OwnerScope;
  /** Doctors only: appears on verdicts and acts. */
  readonly fullName: string | null;
  readonly skills: readonly string[];
  /** The session, key or token that was used: lets the holder end exactly this one. */
  readonly credentialId: string;
}

/** The account column that an outside role must have filled in. */
export const REQUIRED_SCOPE: Readonly<Partial<Record<Role, keyof OwnerScope>>> = {
  clinic: 'clinicId',
  employer: 'policyholderId',
  insured: 'policyId',
};

/** True for roles that may refuse on medical grounds: a doctor with a name. */
export function isNamedDoctor(principal: Pick<Principal, 'role' | 'fullName'>): boolean {
  return DOCTOR_ROLES.includes(principal.role) && (principal.fullName ?? '').trim() !== '';
}
