import type { OwnerScope, Principal, Role } from './roles';

/**
 * Which rows a grant covers: `all`, or the rows whose owner column equals the same column of the caller's scope
 * (`hub`: a staff member without a hub serves all hubs), or the caller's own account rows (`self`).
 */
export type RowScope = 'all' | 'hub' | 'clinic' | 'policyholder' | 'policy' | 'self';

type Grants = Readonly<Partial<Record<Role, RowScope>>>;

const STAFF_READ: Grants = {
  administrator: 'all',
  analyst: 'all',
  'medical-expert': 'hub',
  'lead-expert': 'hub',
  'curator-doctor': 'hub',
  investigator: 'all',
};
const DOCTORS: Grants = { 'medical-expert': 'hub', 'lead-expert': 'hub' };
const UNDERWRITING: Grants = { underwriter: 'all', 'senior-underwriter': 'all' };
const EVERYONE: Grants = {
  administrator: 'self',
  analyst: 'self',
  'medical-expert': 'self',
  'lead-expert': 'self',
  'curator-doctor': 'self',
  underwriter: 'self',
  'senior-underwriter': 'self',
  investigator: 'self',
  clinic: 'self',
  employer: 'self',
  insured: 'self',
};

/**
 * The one policy table: action -> role -> rows. What is not written here is denied. A route names its action;
 * `can` answers for one resource, `scopeOf` gives the filter that a repository turns into SQL.
 */
export const POLICY = {
  'account:self': EVERYONE,
  'user:read': { administrator: 'all' },
  'user:manage': { administrator: 'all' },
  'expert:read': { administrator: 'all', 'lead-expert': 'all' },
  'api-key:manage': { administrator: 'all' },
  'audit:read': { administrator: 'all' },
  'audit:verify': { administrator: 'all' },
  'outbox:manage': { administrator: 'all' },

  'reference:read': { ...STAFF_READ, ...UNDERWRITING, clinic: 'all' },
  'clinic:read': { ...STAFF_READ, ...UNDERWRITING, clinic: 'clinic' },
  'insured:read': { ...STAFF_READ, insured: 'policy' },
  'roster:read': { administrator: 'all', ...UNDERWRITING, employer: 'policyholder' },
  'roster:manage': { administrator: 'all', employer: 'policyholder' },
  'contract:read': { ...STAFF_READ, ...UNDERWRITING, employer: 'policyholder' },
  'contract:manage': { administrator: 'all', ...UNDERWRITING },

  'registry:submit': { administrator: 'all', clinic: 'clinic' },
  'registry:read': { ...STAFF_READ, clinic: 'clinic' },
  'invoice:read': { ...STAFF_READ, clinic: 'clinic' },
  'act:read': { ...STAFF_READ, clinic: 'clinic' },
  'batch:read': { administrator: 'all', analyst: 'all', 'medical-expert': 'all', 'lead-expert': 'all' },
  'batch:manage': { administrator: 'all', 'lead-expert': 'all' },
  'routing:read': STAFF_READ,
  'routing:manage': { administrator: 'all', 'lead-expert': 'all' },

  'task:read': { ...DOCTORS, administrator: 'all', analyst: 'all' },
  'task:claim': DOCTORS,
  'task:decide': DOCTORS,
  'task:reassign': { 'lead-expert': 'hub' },
  'task:documents': { ...DOCTORS, clinic: 'clinic' },
  'verdict:reverse': { 'lead-expert': 'hub' },

  'guideline:read': STAFF_READ,
  'guideline:edit': { ...DOCTORS, administrator: 'all' },
  'guideline:review': DOCTORS,
  'guideline:publish': { 'lead-expert': 'all' },
  'shadow-run:read': { ...DOCTORS, administrator: 'all', analyst: 'all' },
  'shadow-run:start': { ...DOCTORS, administrator: 'all', analyst: 'all' },
  'quality:read': { administrator: 'all', analyst: 'all', 'lead-expert': 'all' },

  'dispute:read': { ...STAFF_READ, clinic: 'clinic' },
  'dispute:open': { clinic: 'clinic' },
  'dispute:decide': DOCTORS,

  'coverage:check': { ...DOCTORS, 'curator-doctor': 'hub', clinic: 'clinic', insured: 'policy' },
  'letter:read': { ...STAFF_READ, clinic: 'clinic', insured: 'policy' },
  'letter:request': { 'curator-doctor': 'hub', clinic: 'clinic', insured: 'policy' },
  'letter:decide': DOCTORS,
  'letter:amend': { ...DOCTORS, 'curator-doctor': 'hub' },
  'letter:documents': { 'curator-doctor': 'hub', clinic: 'clinic', insured: 'policy' },
  'letter:settings': { administrator: 'all', 'lead-expert': 'all' },
  'letter:metrics': { administrator: 'all', analyst: 'all', 'lead-expert': 'all' },
  'webhook:manage': { administrator: 'all', clinic: 'clinic' },

  'quote:read': { ...UNDERWRITING, administrator: 'all', analyst: 'all' },
  'quote:create': UNDERWRITING,
  'quote:override': { 'senior-underwriter': 'all' },
  'model:read': { ...UNDERWRITING, administrator: 'all', analyst: 'all' },
  'model:train': { administrator: 'all', 'senior-underwriter': 'all' },
  'model:release': { 'senior-underwriter': 'all' },

  'survey:manage': { administrator: 'all', analyst: 'all' },
  'feedback:read': { administrator: 'all', analyst: 'all', investigator: 'all', 'lead-expert': 'all' },
  'feedback:report': { administrator: 'all', analyst: 'all', employer: 'policyholder' },
  'fraud:read': { investigator: 'all', 'lead-expert': 'all', administrator: 'all', analyst: 'all' },
  'fraud:manage': { investigator: 'all', 'lead-expert': 'all' },
  'fraud:close': { investigator: 'all', 'lead-expert': 'all' },
  'fraud:answer': { clinic: 'clinic' },
  'rating:read': { ...STAFF_READ, ...UNDERWRITING, clinic: 'clinic' },
  'rating:contest': { clinic: 'clinic' },
  'rating:manage': { administrator: 'all', analyst: 'all' },

  'care-request:read': { 'curator-doctor': 'hub', administrator: 'all', insured: 'policy' },
  'care-request:create': { 'curator-doctor': 'hub', insured: 'policy' },
  'care-request:manage': { 'curator-doctor': 'hub' },
} as const satisfies Record<string, Grants>;

export type Action = keyof typeof POLICY;

/** The columns by which a resource belongs to somebody. Give the ones that the resource has. */
export interface ResourceOwner {
  readonly clinicId?: number | null;
  readonly policyholderId?: number | null;
  readonly policyId?: number | null;
  readonly hubId?: number | null;
  readonly userId?: string | null;
}

/** A row filter as plain data: repositories turn it into a WHERE clause over their own columns. */
export type RowFilter =
  | { readonly kind: 'all' }
  | { readonly kind: 'none' }
  | { readonly kind: 'equals'; readonly field: keyof ResourceOwner; readonly value: string | number };

const SCOPE_FIELD: Readonly<Record<Exclude<RowScope, 'all' | 'self'>, keyof OwnerScope>> = {
  hub: 'hubId',
  clinic: 'clinicId',
  policyholder: 'policyholderId',
  policy: 'policyId',
};

/** The rows on which the caller may do this action. Default deny; an outside account without its owner sees nothing. */
export function scopeOf(principal: Principal, action: Action): RowFilter {
  const scope = (POLICY[action] as Grants | undefined)?.[principal.role];
  if (scope === undefined) return { kind: 'none' };
  if (scope === 'all') return { kind: 'all' };
  if (scope === 'self') return { kind: 'equals', field: 'userId', value: principal.id };
  const field = SCOPE_FIELD[scope];
  const value = principal.scope[field];
  if (value !== null) return { kind: 'equals', field, value };
  return scope === 'hub' ? { kind: 'all' } : { kind: 'none' };
}

/** May the caller do the action on this resource (or, without one, on anything at all)? */
export function can(principal: Principal, action: Action, resource?: ResourceOwner): boolean {
  const filter = scopeOf(principal, action);
  switch (filter.kind) {
    case 'all':
      return true;
    case 'none':
      return false;
    case 'equals':
      return resource === undefined || resource[filter.field] === filter.value;
    default:
      return filter satisfies never;
  }
}

/** Roles that hold the action, for documentation and the access matrix test. */
export function rolesWith(action: Action): readonly Role[] {
  return Object.keys(POLICY[action]) as Role[];
}
