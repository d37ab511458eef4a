import { createHash } from 'node:crypto';
import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { renderActPdf } from '../../models/documents/act-pdf';
import { problem, problemError } from '../../models/review-case/problems';
import { actPdf, actsOfVersion, storeActPdf } from '../../prisma/repositories/acts';
import type { StoredActContent } from '../../prisma/repositories/acts';
import { findAct, findInvoice } from '../../prisma/repositories/invoices-read';
import type { ApiDeps } from '../deps';
import type { RouteContext } from '../http/context';
import { int32, uuid } from '../http/fields';
import { notFound } from '../http/errors';
import { defineRoute, file, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const byAct = z.object({ actId: uuid() });
const actSummary = z.object({
  actId: uuid(),
  number: z.string(),
  supplementNo: int32(),
  issuedAt: z.string(),
});
const actView = z.object({ actId: uuid(), versionId: uuid(), act: z.record(z.string(), z.unknown()) });

/** Review acts: the result that goes to the clinic, as JSON and as PDF. */
export function actRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/invoices/:versionId/acts',
      summary: { ru: 'Акт счёта и дополнения', en: 'The act of an invoice and its supplements' },
      permission: 'act:read',
      params: z.object({ versionId: uuid() }),
      response: json(z.object({ items: z.array(actSummary) })),
      handler: async (ctx, { params }) => {
        const invoice = await findInvoice(ctx.db, params.versionId, scopeOf(ctx.principal, 'act:read'));
        if (invoice === null) throw problemError(problem('invoice.unknown'));
        const acts = await actsOfVersion(ctx.db, invoice.internalId);
        return {
          items: acts.map(({ id, number, supplementNo, issuedAt }) => ({ actId: id, number, supplementNo, issuedAt })),
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/acts/:actId',
      summary: { ru: 'Акт', en: 'An act' },
      permission: 'act:read',
      params: byAct,
      response: json(actView),
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'review-act', ids: [params.actId] }) },
      handler: async (ctx, { params }) => {
        const act = await visibleAct(ctx, params.actId);
        const { through: _through, ...content } = act.content;
        return { actId: act.id, versionId: act.versionId, act: content };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/acts/:actId/pdf',
      summary: { ru: 'Акт в PDF', en: 'An act as PDF' },
      permission: 'act:read',
      params: byAct,
      response: file('application/pdf'),
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'review-act', ids: [params.actId] }) },
      handler: async (ctx, { params }) => {
        const act = await visibleAct(ctx, params.actId);
        const filename = `act-${act.number.replace(/[^0-9]+/g, '-').replace(/^-/, '')}.pdf`;
        const stored = await actPdf(ctx.db, act.id);
        if (stored !== null) return { body: stored, filename };
        // Acts that no person decided are issued by the thousand: their PDF is made when somebody wants it.
        const pdf = await renderActPdf(act.content as unknown as StoredActContent);
        await storeActPdf(ctx.db, act.id, pdf, createHash('sha256').update(pdf).digest('hex'));
        return { body: pdf, filename };
      },
    }),
  ];
}

async function visibleAct(ctx: RouteContext, actId: string) {
  const act = await findAct(ctx.db, actId, scopeOf(ctx.principal, 'act:read'));
  if (act === null) throw notFound('act');
  return act;
}
