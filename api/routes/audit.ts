import { z } from 'zod';
import { anchorKeys } from '../../models/audit/anchor';
import { listAudit, verifyAudit } from '../../prisma/repositories/audit';
import type { ApiDeps } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { code, instant, page, paging } from '../http/fields';
import type { RouteDefinition } from '../http/route';
import { defineRoute, json } from '../http/route';

const kind = z.enum(['read', 'decision', 'change', 'access']);

const auditEvent = z
  .object({
    stream: z.string(),
    seq: z.int(),
    at: instant(),
    kind,
    action: z.string(),
    actor: z.string(),
    subjectType: z.string(),
    subjectIds: z.array(z.string()),
    subjectCount: z.int(),
    purpose: z.string().nullable(),
    requestId: z.string().nullable(),
    facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
    hash: z.string(),
  })
  .meta({ id: 'AuditEvent' });

const verification = z
  .object({
    whole: z.boolean(),
    streams: z.int(),
    events: z.int(),
    anchors: z.int(),
    faults: z.array(
      z.object({
        stream: z.string(),
        seq: z.int(),
        fault: z.enum(['changed', 'unlinked', 'gap', 'head', 'anchor', 'signature']),
      }),
    ),
  })
  .meta({ id: 'AuditVerification' });

const search = z.object({
  ...paging(),
  actor: code(100).optional(),
  subjectId: code(200).optional(),
  kind: kind.optional(),
  from: instant().optional(),
  to: instant().optional(),
});

/** The audit trail, for those who watch over it. Looking is recorded too. */
export function auditRoutes(deps: ApiDeps): RouteDefinition[] {
  const keys = anchorKeys(deps.config.MEDEX_SECRET);
  return [
    defineRoute({
      method: 'get',
      path: '/v1/audit/events',
      summary: { ru: 'Журнал: кто, что, зачем', en: 'The trail: who, what, why' },
      permission: 'audit:read',
      query: search,
      response: json(page(auditEvent)),
      audit: { kind: 'read', subject: () => ({ type: 'audit', ids: [] }) },
      handler: async (ctx, { query }) => {
        const before = decodeCursor(query.cursor, z.tuple([z.string(), z.string(), z.int()]));
        const rows = await listAudit(ctx.db, { ...query, before, limit: query.limit + 1 });
        const events = rows.map((row) => ({ ...row, subjectIds: [...row.subjectIds] }));
        return toPage(events, query.limit, (last) => [last.at, last.stream, last.seq]);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/audit/verification',
      summary: { ru: 'Проверить целость журнала', en: 'Check that the trail is whole' },
      permission: 'audit:verify',
      perMinute: 6,
      response: json(verification),
      handler: async () => {
        const { faults, ...counts } = await verifyAudit(deps.pool, keys);
        return { whole: faults.length === 0, ...counts, faults: faults.slice(0, 1_000) };
      },
    }),
  ];
}
