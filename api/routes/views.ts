import { z } from 'zod';
import { ROLES } from '../../models/access/roles';
import { code, id32, instant, text, uuid } from '../http/fields';

/** Shapes that several platform routes share. */
export const role = z.enum(ROLES);

const ownerFields = {
  clinicId: id32().nullable(),
  policyholderId: id32().nullable(),
  policyId: id32().nullable(),
  hubId: id32().nullable(),
};

export const ownerInput = {
  clinicId: id32().nullable().optional(),
  policyholderId: id32().nullable().optional(),
  policyId: id32().nullable().optional(),
  hubId: id32().nullable().optional(),
};

/** Lower case: one person, one login. */
export const login = () =>
  z
    .string()
    .trim()
    .toLowerCase()
    .regex(/^[a-z0-9][a-z0-9._@+-]{1,99}$/);

export const skills = () => z.array(code(64)).max(50);

export const fullName = () => text(200);

export const userView = z
  .object({
    id: uuid(),
    login: z.string(),
    role,
    fullName: z.string().nullable(),
    skills: z.array(z.string()),
    status: z.enum(['active', 'disabled']),
    version: z.int(),
    createdAt: instant(),
    ...ownerFields,
  })
  .meta({ id: 'User' });

export const callerView = z
  .object({
    id: uuid(),
    kind: z.enum(['user', 'api-key', 'oidc']),
    role,
    fullName: z.string().nullable(),
    skills: z.array(z.string()),
    scope: z.object(ownerFields),
    /** Actions that the role holds: the screens show what can be done. */
    actions: z.array(z.string()),
  })
  .meta({ id: 'Caller' });

export const apiKeyView = z
  .object({
    id: uuid(),
    name: z.string(),
    role,
    createdBy: z.string(),
    createdAt: instant(),
    expiresAt: instant(),
    revokedAt: instant().nullable(),
    lastUsedAt: instant().nullable(),
    ...ownerFields,
  })
  .meta({ id: 'ApiKey' });
