import type { Request } from 'express';
import type { AuditDraft } from '../../models/audit/event';
import type { Effects } from './exchange';
import type { Admitted } from './parts';
import { notesOf } from './request-log';
import type { RouteDefinition } from './route';

/** The audit events of a request: what the route declares, what the handler added. */
export function auditDrafts(
  route: RouteDefinition,
  { req, res, caller, input }: Omit<Admitted, 'signal'>,
  output: unknown,
  effects: Effects,
): AuditDraft[] {
  if (route.audit === false || (route.audit === undefined && !route.mutating)) return effects.audit;
  const common = { action: route.permission, actor: caller?.id ?? 'anonymous', requestId: notesOf(res).requestId };
  if (route.audit === undefined) {
    const ids = Object.values((input.params ?? {}) as Record<string, unknown>).map(String);
    return [{ kind: 'change', ...common, subjectType: route.path, subjectIds: ids }, ...effects.audit];
  }
  const subject = route.audit.subject(input, output);
  const draft: AuditDraft = {
    kind: route.audit.kind,
    ...common,
    purpose: purposeOf(req, route),
    subjectType: subject.type,
    subjectIds: subject.ids,
    facts: subject.facts ?? {},
  };
  return [draft, ...effects.audit];
}

/** Why data is read: a code the caller may give, else the action. Free text could itself be personal data. */
function purposeOf(req: Request, route: RouteDefinition): string {
  const given = req.headers['x-access-purpose'];
  return typeof given === 'string' && /^[a-z0-9-]{1,64}$/.test(given) ? given : route.permission;
}
