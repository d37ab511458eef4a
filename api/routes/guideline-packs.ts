import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { versionInForce } from '../../models/library/lifecycle';
import { listNotices } from '../../prisma/repositories/activation-take';
import { checkPackHere, diffVersions, importPack } from '../../prisma/repositories/packs';
import { listRuleVersions } from '../../prisma/repositories/rule-versions';
import type { ApiDeps } from '../deps';
import { decodeCursor, toPage } from '../http/cursor';
import { notFound } from '../http/errors';
import { flag, isoDate, page, paging, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { authorOf, byRule, ruleVersionRoutes, ruleVersionView, viewOf } from './rule-versions';

const BASE = '/v1/guideline-packs';
const MAX_PACK = 16 * 1024 * 1024;
const localized = z.object({ ru: z.string(), en: z.string() });
const packProblem = z.object({
  path: z.string(),
  rule: z.string(),
  severity: z.enum(['error', 'warning']),
  text: localized,
  fix: localized,
});
const packChange = z.object({
  section: z.string(),
  kind: z.enum(['added', 'removed', 'changed']),
  id: z.string(),
  service: z.string().nullable(),
  field: z.string().nullable(),
  before: localized,
  after: localized,
  text: localized,
});
/** `guidelines.json` of the exchange formats; its problems are told in medical words, by path. */
const packBody = z.looseObject({ pack: z.string().max(200), version: z.string().max(200) });

/** The guideline library: packs as versioned, effective-dated data. */
export function guidelinePackRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: `${BASE}/check`,
      summary: { ru: 'Проверить пакет, ничего не сохраняя', en: 'Check a pack without storing it' },
      permission: 'guideline:edit',
      body: packBody,
      maxBytes: MAX_PACK,
      idempotent: false,
      response: json(z.object({ valid: z.boolean(), problems: z.array(packProblem) })),
      handler: async (ctx, { body }) => {
        const { pack, problems } = await checkPackHere(ctx.db, body);
        return { valid: pack !== null, problems: problems.map((problem) => ({ ...problem })) };
      },
    }),
    defineRoute({
      method: 'post',
      path: BASE,
      summary: { ru: 'Загрузить пакет клинических рекомендаций', en: 'Import a guideline pack' },
      description:
        'guidelines.json as the body; it becomes a draft. Problems name the JSON path and the fix. The same content again changes nothing.',
      permission: 'guideline:edit',
      body: packBody,
      maxBytes: MAX_PACK,
      response: json(z.object({ version: ruleVersionView, warnings: z.array(packProblem) }), 201),
      audit: {
        kind: 'change',
        subject: (_input, { version }) => ({
          type: 'guideline_pack',
          ids: [version.id],
          facts: { version: version.version, sha256: version.sha256 },
        }),
      },
      handler: async (ctx, { body }) => {
        const { version, warnings } = await importPack(ctx.db, body, authorOf(ctx));
        return { version: viewOf(version), warnings: warnings.map((warning) => ({ ...warning })) };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${BASE}/in-force`,
      summary: { ru: 'Версии, действующие на дату услуги', en: 'Versions in force on a service date' },
      permission: 'guideline:read',
      query: z.object({ date: isoDate() }),
      response: json(z.object({ items: z.array(ruleVersionView) })),
      handler: async (ctx, { query }) => {
        const all = await listRuleVersions(ctx.db, 'guideline_pack', {
          name: null,
          state: null,
          after: null,
          limit: 10_000,
        });
        const names = [...new Set(all.map((row) => row.name))];
        // A pack that came with a world has no first day: it has always been in force.
        const dated = all
          .filter((row) => row.revertedAt === null && (row.state !== 'retired' || row.effectiveTo !== null))
          .map((row) => ({ ...row, first: row.effectiveFrom, effectiveFrom: row.effectiveFrom ?? '0001-01-01' }));
        const found = names.flatMap((name) => {
          const inForce = versionInForce(
            dated.filter((row) => row.name === name),
            query.date,
          );
          return inForce === null ? [] : [viewOf({ ...inForce, effectiveFrom: inForce.first })];
        });
        return { items: found.map(({ first: _first, ...row }: (typeof found)[number] & { first?: unknown }) => row) };
      },
    }),
    defineRoute({
      method: 'get',
      path: `${BASE}/:id/diff`,
      summary: { ru: 'Что изменилось между версиями', en: 'What changed between two versions' },
      description: 'Changes from the version `since` to this one, in medical terms.',
      permission: 'guideline:read',
      params: byRule,
      query: z.object({ since: uuid() }),
      response: json(z.object({ changes: z.array(packChange) })),
      handler: async (ctx, { params, query }) => {
        const changes = await diffVersions(ctx.db, query.since, params.id);
        if (changes === null) throw notFound('guideline_pack');
        return { changes: changes.map((change) => ({ ...change })) };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/recheck-notices',
      summary: {
        ru: 'Решённые строки, замечания которых теперь были бы другими',
        en: 'Decided lines whose findings would now be others',
      },
      permission: 'task:read',
      query: z.object({ ...paging(), batchId: uuid().optional(), open: flag().optional() }),
      response: json(
        page(
          z.object({
            id: z.int(),
            batchId: uuid(),
            clinicCode: z.string(),
            invoiceNo: z.string(),
            lineNo: z.int(),
            versionId: uuid(),
            codesWere: z.array(z.string()),
            codesNow: z.array(z.string()),
            createdAt: z.string(),
            handledAt: z.string().nullable(),
          }),
        ),
      ),
      handler: async (ctx, { query }) => {
        const after = decodeCursor(query.cursor, z.tuple([z.number()]))?.[0] ?? 0;
        const filter = scopeOf(ctx.principal, 'task:read');
        const wanted = {
          filter,
          batchId: query.batchId ?? null,
          open: query.open ?? false,
          after,
          limit: query.limit + 1,
        };
        return toPage(await listNotices(ctx.db, wanted), query.limit, (row) => [row.id]);
      },
    }),
    ...ruleVersionRoutes('guideline_pack', BASE, { ru: 'Пакет рекомендаций', en: 'Guideline pack' }),
  ];
}
