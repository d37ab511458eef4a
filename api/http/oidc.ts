import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { JWTPayload, JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import type { Config } from '../../config';
import { ROLES } from '../../models/access/roles';
import type { Role } from '../../models/access/roles';
import type { ExternalIdentity } from '../../prisma/repositories/users';

/** Asymmetric only: a shared secret or 'none' never passes. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'EdDSA'];

const ownerClaims = z.object({
  medex_clinic_id: z.int().optional(),
  medex_policyholder_id: z.int().optional(),
  medex_policy_id: z.int().optional(),
  medex_hub_id: z.int().optional(),
  medex_skills: z.array(z.string().max(64)).max(50).optional(),
  name: z.string().max(200).optional(),
});

export interface OidcVerifier {
  /** The identity that a valid token speaks of; null for any fault of the token or a role that we do not know. */
  readonly verify: (token: string) => Promise<ExternalIdentity | null>;
}

/** Accepts access tokens of the customer's identity provider; null when none is configured. */
export function createOidcVerifier(config: Config): OidcVerifier | null {
  const { OIDC_ISSUER: issuer, OIDC_AUDIENCE: audience } = config;
  if (issuer === undefined || audience === undefined) return null;
  const jwksUrl = config.OIDC_JWKS_URL ?? `${issuer.replace(/\/$/, '')}/.well-known/jwks.json`;
  const keys: JWTVerifyGetKey = createRemoteJWKSet(new URL(jwksUrl), { timeoutDuration: 3_000 });
  return {
    verify: async (token) => {
      const payload = await verified(token, keys, issuer, audience);
      return payload === null ? null : identityOf(payload, issuer, config);
    },
  };
}

async function verified(
  token: string,
  keys: JWTVerifyGetKey,
  issuer: string,
  audience: string,
): Promise<JWTPayload | null> {
  try {
    const options = { issuer, audience, algorithms: ALGORITHMS, clockTolerance: 5, requiredClaims: ['exp', 'sub'] };
    return (await jwtVerify(token, keys, options)).payload;
  } catch {
    return null;
  }
}

function identityOf(payload: JWTPayload, issuer: string, config: Config): ExternalIdentity | null {
  const role = roleOf(claimAt(payload, config.OIDC_ROLE_CLAIM), config.OIDC_ROLE_MAP);
  const owner = ownerClaims.safeParse(payload);
  if (role === null || payload.sub === undefined || !owner.success) return null;
  return {
    issuer,
    subject: payload.sub,
    role,
    clinicId: owner.data.medex_clinic_id ?? null,
    policyholderId: owner.data.medex_policyholder_id ?? null,
    policyId: owner.data.medex_policy_id ?? null,
    hubId: owner.data.medex_hub_id ?? null,
    fullName: owner.data.name ?? null,
    skills: owner.data.medex_skills ?? [],
  };
}

/** 'realm_access.roles' style paths are followed. */
function claimAt(payload: JWTPayload, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        value !== null && typeof value === 'object' && Object.hasOwn(value, key)
          ? (value as Record<string, unknown>)[key]
          : undefined,
      payload,
    );
}

/** The first value that names a role, in the order of the claim. */
function roleOf(claim: unknown, map: Readonly<Record<string, string>> | undefined): Role | null {
  const values = Array.isArray(claim) ? claim : [claim];
  for (const value of values) {
    if (typeof value !== 'string') continue;
    const name = map === undefined ? value : Object.hasOwn(map, value) ? map[value] : undefined;
    const role = ROLES.find((candidate) => candidate === name);
    if (role !== undefined) return role;
  }
  return null;
}
