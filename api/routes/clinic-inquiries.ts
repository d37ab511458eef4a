import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { listInquiries } from '../../prisma/repositories/clinic-inquiries';
import type { ApiDeps } from '../deps';
import { sendCaseAct } from '../fraud/call';
import { notFound } from '../http/errors';
import { paging, text, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const MOST = 200;
const inquiryView = z
  .object({
    caseId: uuid(),
    inquiryId: z.string(),
    subject: z.string(),
    text: z.string(),
    sentAt: z.string(),
    answerDueAt: z.string(),
    answeredAt: z.string().nullable(),
    answerText: z.string().nullable(),
  })
  .meta({ id: 'ClinicInquiry' });

/** The insurer's letters to a clinic and the clinic's answers; why they are asked is not shown. */
export function clinicInquiryRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/clinic-inquiries',
      summary: { ru: 'Запросы страховщика', en: 'Letters of the insurer' },
      permission: 'fraud:answer',
      query: z.object({ limit: paging(MOST).limit }),
      response: json(z.object({ items: z.array(inquiryView) })),
      audit: {
        kind: 'read',
        subject: (_input, output) => ({ type: 'clinic-inquiry', ids: output.items.map((item) => item.inquiryId) }),
      },
      handler: async (ctx, { query }) => ({
        items: await listInquiries(ctx.db, scopeOf(ctx.principal, 'fraud:answer'), query.limit),
      }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/clinic-inquiries/answers',
      summary: { ru: 'Ответить на запрос', en: 'Answer a letter' },
      permission: 'fraud:answer',
      body: z.object({ inquiryId: z.string().min(1).max(200), text: text(8000) }),
      response: json(z.object({ answered: z.literal(true) })),
      transaction: 'own',
      audit: { kind: 'decision', subject: ({ body }) => ({ type: 'clinic-inquiry', ids: [body.inquiryId] }) },
      handler: async (ctx, { body }) => {
        const own = await listInquiries(deps.pool, scopeOf(ctx.principal, 'fraud:answer'), MOST);
        const asked = own.find((letter) => letter.inquiryId === body.inquiryId);
        if (asked === undefined) throw notFound('clinic-inquiry');
        const { id, fullName: name, role } = ctx.principal;
        const act = {
          kind: 'clinic-answer',
          by: { id, name, role },
          letterId: body.inquiryId,
          text: body.text,
        } as const;
        await sendCaseAct(deps, asked.caseId, act, `clinic-answer:${ctx.idempotencyKey ?? ctx.requestId}`);
        return { answered: true as const };
      },
    }),
  ];
}
