import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { sortLineTable } from '../../models/review/line-order';
import { explainLine } from '../../models/review/trace';
import { problem, problemError } from '../../models/review-case/problems';
import { createSnapshots } from '../../prisma/facts/snapshots';
import { traceOfLine } from '../../prisma/facts/line-trace';
import { createTextCache } from '../../prisma/repositories/chunk-subjects';
import { findInvoice, invoiceTotals, listInvoices } from '../../prisma/repositories/invoices-read';
import type { InvoiceRow } from '../../prisma/repositories/invoices-read';
import { readableVersionLines } from '../../prisma/repositories/task-queue';
import type { ApiDeps } from '../deps';
import type { RouteContext } from '../http/context';
import { decodeCursor, toPage } from '../http/cursor';
import { code, int32, page, paging, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { viewLines } from './review-lines';
import { invoiceView, lineView } from './review-views';

const byVersion = z.object({ versionId: uuid() });
const totals = {
  decidedLines: int32(),
  acceptedKopecks: z.int(),
  reducedKopecks: z.int(),
  refusedKopecks: z.int(),
  patientShareKopecks: z.int(),
};
const both = z.object({ ru: z.string(), en: z.string() });
const traceView = z.object({
  code: z.string(),
  ruleId: z.string(),
  ruleVersion: z.string(),
  title: both,
  outcome: z.enum(['hit', 'pass', 'not-applicable', 'not-evaluated']),
  reason: both.extend({ name: z.string() }).nullable(),
  values: z.record(z.string(), z.unknown()),
});

/** Invoices and their lines, and why a line was (not) flagged. */
export function invoiceRoutes(deps: ApiDeps): RouteDefinition[] {
  const snapshots = createSnapshots();
  const texts = createTextCache();
  return [
    defineRoute({
      method: 'get',
      path: '/v1/invoices',
      summary: { ru: 'Счета', en: 'Invoices' },
      permission: 'invoice:read',
      query: z.object({
        ...paging(),
        state: z
          .enum(['received', 'checked', 'waiting', 'decided', 'act-issued', 'settle-ready', 'superseded'])
          .optional(),
        clinic: code().optional(),
        invoiceNo: code(200).optional(),
      }),
      response: json(page(invoiceView)),
      handler: async (ctx, { query }) => {
        const rows = await listInvoices(ctx.db, {
          filter: scopeOf(ctx.principal, 'invoice:read'),
          state: query.state ?? null,
          clinic: query.clinic ?? null,
          invoiceNo: query.invoiceNo ?? null,
          after: decodeCursor(query.cursor, z.tuple([z.number()]))?.[0] ?? null,
          limit: query.limit + 1,
        });
        const { items, next } = toPage(rows, query.limit, (row) => [row.internalId]);
        return { items: items.map(view), next };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/invoices/:versionId',
      summary: { ru: 'Счёт с итогами', en: 'An invoice with its totals' },
      permission: 'invoice:read',
      params: byVersion,
      response: json(invoiceView.extend(totals)),
      handler: async (ctx, { params }) => {
        const invoice = await visibleInvoice(ctx, params.versionId);
        return { ...view(invoice), ...(await invoiceTotals(ctx.db, invoice.internalId)) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/invoices/:versionId/lines',
      summary: { ru: 'Строки счёта с замечаниями и решениями', en: 'Lines of an invoice with findings and verdicts' },
      permission: 'invoice:read',
      params: byVersion,
      query: z.object({ ...paging(500) }),
      response: json(page(lineView)),
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'invoice', ids: [params.versionId] }) },
      handler: async (ctx, { params, query }) => {
        const invoice = await visibleInvoice(ctx, params.versionId);
        const after = decodeCursor(query.cursor, z.tuple([z.number()]))?.[0] ?? -1;
        const rows = await readableVersionLines(ctx.db, invoice.internalId, { after, limit: query.limit + 1 });
        const { items, next } = toPage(rows, query.limit, (row) => [row.lineNo]);
        const reader = ctx.principal.role === 'clinic' ? invoice.clinicCode : null;
        return { items: await viewLines(ctx.db, items, reader), next };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/invoices/:versionId/lines/:lineNo/trace',
      summary: { ru: 'Почему строка отмечена или нет', en: 'Why a line was flagged or not' },
      permission: 'task:read',
      params: byVersion.extend({
        lineNo: z
          .string()
          .regex(/^\d{1,9}$/)
          .transform(Number)
          .pipe(int32()),
      }),
      response: json(z.object({ ruleSetVersion: z.string(), rules: z.array(traceView) })),
      audit: {
        kind: 'read',
        subject: ({ params }) => ({ type: 'invoice-line', ids: [`${params.versionId}/${params.lineNo}`] }),
      },
      handler: async (ctx, { params }) => {
        const invoice = await findInvoice(ctx.db, params.versionId, scopeOf(ctx.principal, 'task:read'));
        if (invoice === null || invoice.batchId === null) throw problemError(problem('invoice.unknown'));
        const source = { versionId: invoice.internalId, batchId: invoice.batchId, lineNo: params.lineNo };
        const read = await traceOfLine(deps.pool, snapshots, texts, source);
        if (read === null) throw problemError(problem('decision.unknown-line', { lineNo: params.lineNo }));
        const table = sortLineTable(read.table, read.compiled.clinics.rank);
        const row = table.lineId.indexOf(read.lineId);
        const rules = explainLine({ compiled: read.compiled, subjects: read.subjects, table }, row);
        return {
          ruleSetVersion: read.compiled.source.version,
          rules: rules.map(({ finding: _finding, ...rule }) => rule),
        };
      },
    }),
  ];
}

async function visibleInvoice(ctx: RouteContext, versionId: string): Promise<InvoiceRow> {
  const invoice = await findInvoice(ctx.db, versionId, scopeOf(ctx.principal, 'invoice:read'));
  if (invoice === null) throw problemError(problem('invoice.unknown'));
  return invoice;
}

function view({ internalId: _id, batchId: _batch, ...invoice }: InvoiceRow): z.input<typeof invoiceView> {
  return invoice;
}
