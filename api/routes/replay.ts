import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { problem, problemError } from '../../models/review-case/problems';
import { createReplayer } from '../../prisma/facts/replay';
import { findInvoice } from '../../prisma/repositories/invoices-read';
import type { ApiDeps } from '../deps';
import { int32, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const finding = z.object({
  code: z.string(),
  ruleId: z.string(),
  ruleVersion: z.string(),
  severity: z.string(),
  atRiskKopecks: z.int(),
  guidelineId: z.string().nullable(),
  clause: z.string().nullable(),
  evidence: z.record(z.string(), z.unknown()),
  explanationRu: z.string(),
  explanationEn: z.string(),
});

/** Replay: what the rules of the day say about a line of the past. */
export function replayRoutes(deps: ApiDeps): RouteDefinition[] {
  const replayLine = createReplayer(deps.pool);
  return [
    defineRoute({
      method: 'get',
      path: '/v1/invoices/:versionId/lines/:lineNo/replay',
      summary: { ru: 'Повторить проверку строки по правилам её дня', en: 'Replay a line with the rules of its day' },
      description:
        'The rule set, the reference and the history that its batch saw; `identical`: byte for byte the same.',
      permission: 'task:read',
      params: z.object({
        versionId: uuid(),
        lineNo: z
          .string()
          .regex(/^\d{1,9}$/)
          .transform(Number)
          .pipe(int32()),
      }),
      response: json(
        z.object({
          identical: z.boolean(),
          sources: z.array(z.object({ scope: z.string(), batchId: uuid(), ruleSetVersion: z.string() })),
          stored: z.array(finding),
          replayed: z.array(finding),
        }),
      ),
      audit: {
        kind: 'read',
        subject: ({ params }) => ({ type: 'invoice-line', ids: [`${params.versionId}/${params.lineNo}`] }),
      },
      handler: async (ctx, { params }) => {
        const invoice = await findInvoice(ctx.db, params.versionId, scopeOf(ctx.principal, 'task:read'));
        const replay = invoice === null ? null : await replayLine(invoice.internalId, params.lineNo);
        if (replay === null) throw problemError(problem('invoice.unknown'));
        const { identical, sources, stored, replayed } = replay;
        return { identical, sources: [...sources], stored: [...stored], replayed: [...replayed] };
      },
    }),
  ];
}
