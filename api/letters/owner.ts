import { can } from '../../models/access/policy';
import type { Action } from '../../models/access/policy';
import type { Principal } from '../../models/access/roles';
import type { Queryable } from '../../prisma/pool';
import { readRequestOwner } from '../../prisma/repositories/letter-owner';
import { notFound } from '../http/errors';

/** A clinic asks for its own patients at its own address, an insured for their own policy: anything else looks missing. */
export async function assertOwnRequest(
  db: Queryable,
  principal: Principal,
  action: Action,
  request: { readonly policyNo: string; readonly clinicCode: string },
): Promise<void> {
  const owner = await readRequestOwner(db, request.policyNo, request.clinicCode);
  if (!can(principal, action, owner)) throw notFound('letter');
}
