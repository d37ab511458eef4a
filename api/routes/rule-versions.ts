import { z } from 'zod';
import type { Action } from '../../models/access/policy';
import { isNamedDoctor } from '../../models/access/roles';
import type { LocalizedText } from '../../models/errors';
import type { PoolClient } from '../../prisma/pool';
import { activationBatchKey, countNotices } from '../../prisma/repositories/activation-take';
import { findBatchByKey } from '../../prisma/repositories/batches';
import { stepRuleVersion } from '../../prisma/repositories/rule-steps';
import type { RuleStep } from '../../prisma/repositories/rule-steps';
import { findRuleVersion, listRuleVersions, ruleVersionData } from '../../prisma/repositories/rule-versions';
import type { RuleKind, RuleVersion } from '../../prisma/repositories/rule-versions';
import type { RouteContext } from '../http/context';
import { decodeCursor, toPage } from '../http/cursor';
import { notFound } from '../http/errors';
import { code, int32, isoDate, page, paging, text, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

export const ruleVersionView = z
  .object({
    id: uuid(),
    name: z.string(),
    version: z.string(),
    state: z.enum(['draft', 'reviewed', 'published', 'retired']),
    effectiveFrom: z.string().nullable(),
    effectiveTo: z.string().nullable(),
    sha256: z.string(),
    createdBy: uuid().nullable(),
    reviewedBy: uuid().nullable(),
    publishedBy: uuid().nullable(),
    authors: z.array(uuid()),
    history: z.array(
      z.object({ action: z.string(), actor: z.string(), at: z.string(), comment: z.string().optional() }),
    ),
    replacesId: uuid().nullable(),
    createdAt: z.string(),
    publishedAt: z.string().nullable(),
    revertedAt: z.string().nullable(),
  })
  .meta({ id: 'RuleVersion' });

export const byRule = z.object({ id: uuid() });

export function viewOf({ revision: _revision, ...row }: RuleVersion): z.input<typeof ruleVersionView> {
  return { ...row, history: row.history.map((step) => ({ ...step })), authors: [...row.authors] };
}

export async function knownVersion(ctx: RouteContext, kind: RuleKind, id: string): Promise<RuleVersion> {
  const row = await findRuleVersion(ctx.db, kind, id);
  if (row === null) throw notFound(kind);
  return row;
}

/** Who imports: the caller, now. */
export function authorOf(ctx: RouteContext): { id: string; at: string } {
  return { id: ctx.principal.id, at: new Date().toISOString() };
}

/** What packs and expert tables have in common: lists, contents, the life of a version, the re-review after it. */
export function ruleVersionRoutes(kind: RuleKind, base: string, what: LocalizedText): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: base,
      summary: { ru: `${what.ru}: версии`, en: `${what.en}: versions` },
      permission: 'guideline:read',
      query: z.object({
        ...paging(),
        name: code(200).optional(),
        state: z.enum(['draft', 'reviewed', 'published', 'retired']).optional(),
      }),
      response: json(page(ruleVersionView)),
      handler: async (ctx, { query }) => {
        const after = decodeCursor(query.cursor, z.tuple([z.string(), z.string(), uuid()]));
        const wanted = { name: query.name ?? null, state: query.state ?? null, after, limit: query.limit + 1 };
        const rows = await listRuleVersions(ctx.db, kind, wanted);
        const { items, next } = toPage(rows, query.limit, (row) => [row.name, row.createdAt, row.id]);
        return { items: items.map(viewOf), next };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${base}/:id`,
      summary: { ru: `${what.ru}: версия`, en: `${what.en}: one version` },
      permission: 'guideline:read',
      params: byRule,
      response: json(ruleVersionView),
      etag: 'read',
      handler: async (ctx, { params }) => {
        const row = await knownVersion(ctx, kind, params.id);
        ctx.etag(row.revision);
        return viewOf(row);
      },
    }),
    defineRoute({
      method: 'get',
      path: `${base}/:id/content`,
      summary: { ru: `${what.ru}: содержание`, en: `${what.en}: content` },
      permission: 'guideline:read',
      params: byRule,
      response: json(z.record(z.string(), z.unknown())),
      handler: async (ctx, { params }) => {
        await knownVersion(ctx, kind, params.id);
        return (await ruleVersionData(ctx.db, kind, params.id)) as Record<string, unknown>;
      },
    }),
    defineRoute({
      method: 'get',
      path: `${base}/:id/activation`,
      summary: { ru: `${what.ru}: повторная проверка после изменения`, en: `${what.en}: the re-review after a change` },
      permission: 'guideline:read',
      params: byRule,
      query: z.object({ of: z.enum(['publish', 'retire', 'revert']).default('publish') }),
      response: json(
        z.object({
          batchId: uuid().nullable(),
          state: z.string().nullable(),
          lineCount: int32(),
          decidedLinesListed: int32(),
        }),
      ),
      handler: async (ctx, { params, query }) => {
        await knownVersion(ctx, kind, params.id);
        const batch = await findBatchByKey(ctx.db, activationBatchKey(`${query.of}/${params.id}`));
        if (batch === null) return { batchId: null, state: null, lineCount: 0, decidedLinesListed: 0 };
        const decidedLinesListed = await countNotices(ctx.db, batch.id);
        return { batchId: batch.id, state: batch.state, lineCount: batch.lineCount, decidedLinesListed };
      },
    }),
    ...steps(kind, base, what),
  ];
}

const comment = z.object({ comment: text(2000) });

function steps(kind: RuleKind, base: string, what: LocalizedText): RouteDefinition[] {
  const words = (ru: string, en: string) => ({ ru: `${what.ru}: ${ru}`, en: `${what.en}: ${en}` });
  return [
    step(kind, base, {
      name: 'review',
      summary: words('проверить вторым врачом', 'review by a second doctor'),
      permission: 'guideline:review',
      body: z.object({ comment: text(2000).optional() }),
    }),
    step(kind, base, {
      name: 'send-back',
      summary: words('вернуть автору', 'send back to the author'),
      permission: 'guideline:review',
      body: comment,
    }),
    step(kind, base, {
      name: 'publish',
      summary: words('опубликовать с даты', 'publish from a date'),
      permission: 'guideline:publish',
      body: z.object({ effectiveFrom: isoDate() }),
    }),
    step(kind, base, {
      name: 'retire',
      summary: words('вывести из действия', 'retire'),
      permission: 'guideline:publish',
      body: z.object({ effectiveTo: isoDate() }),
    }),
    step(kind, base, {
      name: 'revert',
      summary: words('отменить одним шагом', 'revert in one step'),
      permission: 'guideline:publish',
      body: comment,
    }),
  ];
}

function step<B extends z.ZodType>(
  kind: RuleKind,
  base: string,
  spec: {
    readonly name: RuleStep['action'];
    readonly summary: LocalizedText;
    readonly permission: Action;
    readonly body: B;
  },
): RouteDefinition {
  return defineRoute({
    method: 'post',
    path: `${base}/:id/${spec.name}`,
    summary: spec.summary,
    permission: spec.permission,
    params: byRule,
    body: spec.body,
    response: json(ruleVersionView),
    audit: {
      kind: 'decision',
      subject: ({ params }, row) => ({
        type: kind,
        ids: [params.id],
        facts: { step: spec.name, state: row.state, effectiveFrom: row.effectiveFrom, effectiveTo: row.effectiveTo },
      }),
    },
    handler: async (ctx, { params, body }) => {
      const by = { id: ctx.principal.id, isDoctor: isNamedDoctor(ctx.principal) };
      // Each body has exactly the fields of its step: its schema above says so.
      const wanted = { action: spec.name, ...(body as object), by, at: new Date().toISOString() } as RuleStep & {
        by: typeof by;
        at: string;
      };
      const row = await stepRuleVersion(ctx.db as PoolClient, kind, params.id, wanted);
      if (row === null) throw notFound(kind);
      return viewOf(row);
    },
  });
}
