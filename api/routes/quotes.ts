import { z } from 'zod';
import { renderQuotePdf } from '../../models/documents/quote-pdf';
import { renderQuoteXlsx } from '../../models/documents/quote-xlsx';
import { applyChange, compareQuotes } from '../../models/quotes/change';
import type { QuoteChange } from '../../models/quotes/change';
import { pricingParametersSchema } from '../../models/quotes/parameters.schema';
import { completeRequest, modelRequest, priceQuote } from '../../models/quotes/price-quote';
import { withRatings } from '../../models/quotes/programme';
import { quoteChangeSchema, quoteRequestSchema } from '../../models/quotes/request.schema';
import type { QuoteRequest, QuoteResult } from '../../models/quotes/types';
import { changesForTarget } from '../../models/underwriting/target-price';
import { createLoadedModels } from '../../prisma/facts/loaded-models';
import { ratingFactors, shippedFactors } from '../../prisma/factor-catalogue';
import { newestRatings } from '../../prisma/repositories/portfolio';
import type { Queryable } from '../../prisma/pool';
import {
  addPricingParameters,
  listPricingParameters,
  pricingParameters,
} from '../../prisma/repositories/pricing-parameters';
import { listQuotes } from '../../prisma/repositories/quotes';
import type { ApiDeps } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { code, kopecks, paging, text, uuid } from '../http/fields';
import { defineRoute, file, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { priceBatch } from '../quotes/batch';
import {
  createQuote,
  decide,
  documentOf,
  fullView,
  quoteOf,
  referralOf,
  repeatQuote,
  summaryView,
} from '../quotes/service';
import { parametersView, quoteDifference, quotePage, quoteResult, quoteState, quoteView } from '../quotes/views';

const byId = z.object({ quoteId: uuid() });
const PATH = '/v1/underwriting/quotes';
const XLSX = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet';

/** The factor catalogue of the product, ratings included: request schemas are generated from it. */
export function productFactors() {
  return [...shippedFactors(), ...ratingFactors()];
}

/** Prices of group contracts: ask, vary, compare, refer, print, and price a whole portfolio. */
export function quoteRoutes(deps: ApiDeps): RouteDefinition[] {
  const factors = productFactors();
  const known = new Set(factors.map((factor) => factor.code));
  const models = createLoadedModels();
  const changeOf = async (db: Queryable, inputs: string, change: QuoteChange): Promise<QuoteRequest> => {
    const added = change.addClinics ?? [];
    const ratings = await newestRatings(
      db,
      added.map(({ clinicCode }) => clinicCode),
    );
    const rated = { ...change, addClinics: withRatings(added, ratings) };
    return applyChange(JSON.parse(inputs) as QuoteRequest, rated, known);
  };
  const changeSchema = quoteChangeSchema(factors);
  return [
    defineRoute({
      method: 'post',
      path: PATH,
      summary: { ru: 'Рассчитать цену договора', en: 'Price a contract' },
      description:
        'Factors as the catalogue declares them (GET /v1/underwriting/factors). Above the caller’s authority the quote is referred to a senior underwriter.',
      permission: 'quote:create',
      body: quoteRequestSchema(factors),
      response: json(quoteView, 201),
      audit: { kind: 'change', subject: (_input, output) => ({ type: 'quote', ids: [output.quoteId] }) },
      handler: async (ctx, { body }) => {
        const asked = body as QuoteRequest;
        const ratings = await newestRatings(
          ctx.db,
          asked.clinics.map(({ clinicCode }) => clinicCode),
        );
        const request = completeRequest(asked, known, ratings);
        const quote = await createQuote(ctx.db, models, ctx.principal, { baseId: null, request });
        ctx.header('Location', `${PATH}/${quote.id}`);
        return fullView(quote);
      },
    }),
    defineRoute({
      method: 'get',
      path: PATH,
      summary: { ru: 'Расчёты', en: 'Quotes' },
      permission: 'quote:read',
      query: z.object({
        ...paging(),
        state: quoteState.optional(),
        contractNo: code().optional(),
        /** A quote and its variants. */
        baseId: uuid().optional(),
        author: uuid().optional(),
      }),
      response: json(quotePage),
      handler: async (ctx, { query }) => {
        const { cursor, limit, ...wanted } = query;
        const last = decodeCursor(cursor, z.tuple([z.string(), uuid()]));
        const after = last === null ? null : { createdAt: last[0], id: last[1] };
        const rows = await listQuotes(ctx.db, { ...wanted, after, limit: limit + 1 });
        const { items, next } = toPage(rows, limit, (row) => [row.createdAt, row.id]);
        return { items: items.map(summaryView), next };
      },
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/batch`,
      summary: { ru: 'Рассчитать портфель', en: 'Price a portfolio' },
      description:
        'CSV: contract_no, clinic_code, year, person_years and any factors; rows of one contract and year stand together. The answer streams while the upload is read; rows that do not fit are rejected one by one. `warnings` and `referral` say what a quote of the contract would warn of and which limits of the caller it is above.',
      permission: 'quote:create',
      input: 'raw',
      bodyTypes: ['text/csv'],
      idempotent: false,
      response: file('text/csv'),
      audit: { kind: 'change', subject: () => ({ type: 'quote-batch', ids: [] }) },
      handler: async (ctx) => {
        const model = await models.champion(deps.pool);
        const { data } = await pricingParameters(deps.pool);
        const { role } = ctx.principal;
        const ratings = await newestRatings(deps.pool);
        const body = await priceBatch(ctx.raw(), { model, parameters: data, factors, role, ratings });
        return { body, filename: 'quotes.csv', contentType: 'text/csv; charset=utf-8' };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${PATH}/:quoteId`,
      summary: { ru: 'Расчёт', en: 'A quote' },
      permission: 'quote:read',
      params: byId,
      response: json(quoteView),
      handler: async (ctx, { params }) => fullView(await quoteOf(ctx.db, params.quoteId)),
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/:quoteId/what-if`,
      summary: { ru: 'Что будет, если изменить', en: 'What if' },
      description: 'Changes factors, adds or removes clinics; nothing is stored.',
      permission: 'quote:create',
      params: byId,
      body: changeSchema,
      idempotent: false,
      audit: false,
      response: json(z.object({ result: quoteResult, difference: quoteDifference, referred: z.boolean() })),
      handler: async (ctx, { params, body }) => {
        const base = await quoteOf(ctx.db, params.quoteId);
        const parameters = await pricingParameters(ctx.db, base.parametersVersion);
        const request = await changeOf(ctx.db, base.inputs, body as QuoteChange);
        // The base's own model: the difference is the change's doing, not a newer model's.
        const result = priceQuote(await models.of(ctx.db, base.modelVersion), request, parameters);
        const difference = compareQuotes(JSON.parse(base.result) as QuoteResult, result);
        const referred = referralOf(result, request, ctx.principal.role, parameters).length > 0;
        return { result, difference, referred } as never;
      },
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/:quoteId/variants`,
      summary: { ru: 'Сохранить вариант', en: 'Save a variant' },
      permission: 'quote:create',
      params: byId,
      body: changeSchema.extend({ name: text(200) }),
      response: json(quoteView, 201),
      audit: { kind: 'change', subject: (_input, output) => ({ type: 'quote', ids: [output.quoteId] }) },
      handler: async (ctx, { params, body }) => {
        const base = await quoteOf(ctx.db, params.quoteId);
        const request = await changeOf(ctx.db, base.inputs, body as QuoteChange);
        const draft = { baseId: base.baseId ?? base.id, request };
        return fullView(await createQuote(ctx.db, models, ctx.principal, draft));
      },
    }),
    defineRoute({
      method: 'get',
      path: `${PATH}/:quoteId/target`,
      summary: { ru: 'Что изменить ради целевого прогноза', en: 'What would have to change for a target forecast' },
      permission: 'quote:read',
      params: byId,
      query: z.object({
        targetRub: z
          .string()
          .regex(/^\d{1,12}$/)
          .transform(Number),
      }),
      response: json(
        z.object({
          items: z.array(
            z.object({
              code: z.string(),
              from: z.number(),
              to: z.number(),
              forecastKopecks: z.int(),
              reached: z.boolean(),
            }),
          ),
        }),
      ),
      handler: async (ctx, { params, query }) => {
        const quote = await quoteOf(ctx.db, params.quoteId);
        const model = await models.of(ctx.db, quote.modelVersion);
        const options = changesForTarget(
          model,
          modelRequest(model, JSON.parse(quote.inputs) as QuoteRequest),
          query.targetRub,
        );
        return {
          items: options.map(({ prediction, ...rest }) => ({ ...rest, forecastKopecks: Math.round(prediction * 100) })),
        };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${PATH}/:quoteId/repeat`,
      summary: { ru: 'Повторить расчёт и сравнить', en: 'Repeat the quote and compare' },
      permission: 'quote:read',
      params: byId,
      response: json(z.object({ identical: z.boolean(), storedSha256: z.string(), repeatedSha256: z.string() })),
      handler: async (ctx, { params }) => repeatQuote(ctx.db, models, await quoteOf(ctx.db, params.quoteId)),
    }),
    defineRoute({
      method: 'post',
      path: `${PATH}/:quoteId/decision`,
      summary: { ru: 'Решить по переданному расчёту', en: 'Decide on a referred quote' },
      permission: 'quote:override',
      params: byId,
      body: z
        .object({
          kind: z.enum(['approve', 'decline', 'override']),
          reason: text(2_000),
          priceKopecks: kopecks().min(1).optional(),
        })
        .refine(({ kind, priceKopecks }) => (kind === 'override') === (priceKopecks !== undefined), {
          path: ['priceKopecks'],
          params: {
            rule: 'override-price',
            message: {
              ru: 'Цена указывается только при kind = override',
              en: 'A price goes with kind = override only',
            },
          },
        }),
      response: json(quoteView),
      audit: {
        kind: 'decision',
        subject: ({ params, body }) => ({
          type: 'quote',
          ids: [params.quoteId],
          facts: { kind: body.kind, priceKopecks: body.priceKopecks ?? null },
        }),
      },
      handler: async (ctx, { params, body }) => {
        const decision = { ...body, priceKopecks: body.priceKopecks ?? null };
        return fullView(await decide(ctx.db, ctx.principal, params.quoteId, decision));
      },
    }),
    defineRoute({
      method: 'get',
      path: `${PATH}/:quoteId/pdf`,
      summary: { ru: 'Расчёт в PDF', en: 'A quote as PDF' },
      permission: 'quote:read',
      params: byId,
      response: file('application/pdf'),
      handler: async (ctx, { params }) => {
        const body = await renderQuotePdf(documentOf(await quoteOf(ctx.db, params.quoteId)));
        return { body, filename: `quote-${params.quoteId}.pdf` };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${PATH}/:quoteId/xlsx`,
      summary: { ru: 'Расчёт в XLSX', en: 'A quote as XLSX' },
      permission: 'quote:read',
      params: byId,
      response: file(XLSX),
      handler: async (ctx, { params }) => {
        const body = renderQuoteXlsx(documentOf(await quoteOf(ctx.db, params.quoteId)));
        return { body, filename: `quote-${params.quoteId}.xlsx` };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/underwriting/factors',
      summary: { ru: 'Каталог факторов', en: 'The factor catalogue' },
      permission: 'quote:read',
      response: json(z.object({ items: z.array(z.record(z.string(), z.unknown())) })),
      handler: () => ({ items: factors.map((factor) => ({ ...factor })) }),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/underwriting/pricing-parameters',
      summary: { ru: 'Параметры цены по версиям', en: 'Price parameters by version' },
      permission: 'quote:read',
      response: json(z.object({ items: z.array(parametersView) })),
      handler: async (ctx) => ({
        items: (await listPricingParameters(ctx.db, 100)).map((row) => ({ ...row, data: { ...row.data } })),
      }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/underwriting/pricing-parameters',
      summary: { ru: 'Новая версия параметров цены', en: 'A new version of the price parameters' },
      permission: 'quote:override',
      body: z.object({ data: pricingParametersSchema, reason: text(2_000) }),
      response: json(parametersView, 201),
      audit: {
        kind: 'change',
        subject: (_i, output) => ({ type: 'pricing-parameters', ids: [String(output.version)] }),
      },
      handler: async (ctx, { body }) => {
        const row = await addPricingParameters(ctx.db, { ...body, createdBy: ctx.principal.id });
        return { ...row, data: { ...row.data } };
      },
    }),
  ];
}
