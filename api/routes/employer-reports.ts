import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { FEWEST_PEOPLE } from '../../models/ratings/employer-report';
import { listEmployerReports } from '../../prisma/repositories/employer-reports';
import type { ApiDeps } from '../deps';
import { paging } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

const cell = z
  .object({ people: z.int(), answers: z.int(), rating: z.number().nullable(), complaintShare: z.number() })
  .nullable();

/** Under `aggregates`, the one place where an employer sees figures of people. */
const reportView = z
  .object({
    policyholderId: z.int(),
    aggregates: z.object({
      quarter: z.string(),
      rows: z.array(z.string()),
      columns: z.array(z.string()),
      cells: z.array(z.array(cell)),
      rowTotals: z.array(cell),
      columnTotals: z.array(cell),
      total: cell,
    }),
  })
  .meta({ id: 'EmployerReport' });

/** What an employer's people said, by city and month of a closed quarter. */
export function employerReportRoutes(_deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/employer-reports',
      summary: { ru: 'Отчёты работодателю', en: 'Reports to the employer' },
      description: `Frozen by quarter. No figure is about fewer than ${FEWEST_PEOPLE} people, and none that is withheld follows from others; null: withheld or nobody.`,
      permission: 'feedback:report',
      query: z.object({ limit: paging(40, 8).limit }),
      response: json(z.object({ items: z.array(reportView) })),
      handler: async (ctx, { query }) => {
        const rows = await listEmployerReports(ctx.db, scopeOf(ctx.principal, 'feedback:report'), query.limit);
        const items = rows.map(({ policyholderId, quarter, content }) => ({
          policyholderId,
          aggregates: { quarter, ...content } as unknown as z.input<typeof reportView>['aggregates'],
        }));
        return { items };
      },
    }),
  ];
}
