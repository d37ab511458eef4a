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
  const purpose = purposeOf(req, route);
  const added = effects.audit.map((draft) => (draft.kind === 'read' ? { purpose, ...draft } : draft));
  if (route.audit === false || (route.audit === undefined && !route.mutating)) return added;
  const common = { action: route.permission, actor: caller?.id ?? 'anonymous', requestId: notesOf(res).requestId };
  if (route.audit === undefined) {
    const ids = Object.values((input.params ?? {}) as Record<string, unknown>).map(String);
    return [{ kind: 'change', ...common, subjectType: route.path, subjectIds: ids }, ...added];
  }
  const subject = route.audit.subject(input, output);
  const draft: AuditDraft = {
    kind: route.audit.kind,
    ...common,
    purpose,
    subjectType: subject.type,
    subjectIds: subject.ids,
    facts: subject.facts ?? {},
  };
  return [draft, ...added];
}

/** Why data is read: a code the caller may give, else the action. Free text could itself be personal data. */
function purposeOf(req: Request, route: RouteDefinition): string {
  const given = req.headers['x-access-purpose'];
  return typeof given === 'string' && /^[a-z0-9-]{1,64}$/.test(given) ? given : route.permission;
}
