import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import type { ApiDeps } from '../../api/deps';
import { conflict } from '../../api/http/errors';
import { flag, id32, instant, isoDate, kopecks, page, paging, text, uuid } from '../../api/http/fields';
import type { RouteDefinition } from '../../api/http/route';
import { defineRoute, events, file, json, noContent } from '../../api/http/route';

/** Switches by which a test holds or breaks the sample handlers. */
export interface SampleState {
  runs: number;
  hold: Promise<void> | null;
  fail: 'conflict' | 'crash' | 'bad-output' | 'sql' | null;
}

const noteBody = z.object({
  title: text(50),
  amountKopecks: kopecks(),
  day: isoDate(),
  at: instant().optional(),
  ref: uuid().optional(),
  tags: z
    .array(z.object({ name: text(20), level: id32() }))
    .max(3)
    .optional(),
});
const noteView = z.object({ id: z.int(), title: z.string(), run: z.int() });

/** Routes of one table `note`, which use every feature of the platform. The table is made by `createNotes`. */
export function sampleRoutes(deps: ApiDeps, state: SampleState): RouteDefinition[] {
  const common = { summary: { ru: 'Заметка', en: 'Note' }, permission: 'account:self' as const };
  const insert = async (db: ApiDeps['pool'] | { query: ApiDeps['pool']['query'] }, title: string): Promise<number> => {
    const rows = await db.query<{ id: number }>('INSERT INTO note (title) VALUES ($1) RETURNING id', [title]);
    return rows.rows[0]!.id;
  };
  const act = async (db: { query: ApiDeps['pool']['query'] }, title: string): Promise<z.input<typeof noteView>> => {
    state.runs += 1;
    const run = state.runs;
    const id = await insert(db, title);
    if (state.hold !== null) await state.hold;
    if (state.fail === 'conflict') throw conflict('held', 'Занято', 'Held', { holder: 'u-1' });
    if (state.fail === 'crash') throw new TypeError('patient Ivanov, diagnosis J06');
    if (state.fail === 'sql') await db.query('SELECT $1::int', ['not a number']);
    return state.fail === 'bad-output' ? ({ id } as never) : { id, title, run };
  };
  return [
    defineRoute({
      ...common,
      method: 'post',
      path: '/v1/notes',
      body: noteBody,
      response: json(noteView, 201),
      handler: (ctx, { body }) => act(ctx.db as ApiDeps['pool'], body.title),
    }),
    defineRoute({
      ...common,
      method: 'post',
      path: '/v1/own-notes',
      body: z.object({ title: text(50) }),
      response: json(noteView, 201),
      transaction: 'own',
      handler: (_ctx, { body }) => act(deps.pool, body.title),
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: '/v1/notes',
      query: z.object({ ...paging(10, 5), open: flag().optional(), since: isoDate().optional() }),
      response: json(page(noteView)),
      handler: () => ({ items: [], next: null }),
    }),
    defineRoute({
      ...common,
      method: 'delete',
      path: '/v1/notes/:noteId',
      params: z.object({ noteId: z.string().regex(/^\d+$/) }),
      response: noContent(),
      handler: async (ctx, { params }) => {
        await ctx.db.query('DELETE FROM note WHERE id = $1', [Number(params.noteId)]);
      },
    }),
    defineRoute({
      ...common,
      method: 'post',
      path: '/v1/uploads',
      input: 'multipart',
      maxBytes: 120 * 1024 * 1024,
      response: json(z.object({ files: z.array(z.object({ name: z.string(), bytes: z.int(), sha256: z.string() })) })),
      handler: async (ctx) => {
        state.runs += 1;
        const files = [];
        for await (const part of ctx.files()) {
          const digest = createHash('sha256');
          let bytes = 0;
          for await (const chunk of part.stream) {
            digest.update(chunk as Buffer);
            bytes += (chunk as Buffer).length;
          }
          files.push({ name: part.filename, bytes, sha256: digest.digest('hex') });
        }
        return { files };
      },
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: '/v1/export',
      response: file('text/csv; charset=utf-8'),
      handler: () => ({ body: Readable.from(['a;b\n', '1;2\n']), filename: 'выгрузка.csv' }),
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: '/v1/ticks',
      response: events(z.object({ tick: z.int(), diagnosisCode: z.string() })),
      handler: (ctx) =>
        (async function* ticks() {
          for (let tick = 1; tick <= 3 && !ctx.signal.aborted; tick += 1) {
            yield { event: 'tick', id: String(tick), data: { tick, diagnosisCode: 'J06.9' } };
            await sleep(5);
          }
        })(),
    }),
    defineRoute({
      ...common,
      method: 'get',
      path: '/v1/person',
      response: json(z.looseObject({ policyNo: z.string() })),
      audit: { kind: 'read', subject: () => ({ type: 'person', ids: ['p-1'] }) },
      handler: () => ({
        policyNo: 'P-1',
        fullName: 'Иванов И. И.',
        diagnosisCode: 'J06.9',
        amountKopecks: 150_000,
        invented: 'a field nobody has thought about',
        enrolments: [{ programmeCode: 'PR-1', serviceCode: 'B01.047.001', lines: [{ priceKopecks: 1 }] }],
        aggregates: [{ month: '2026-01', people: 25, amountKopecks: 1_000_000 }],
      }),
    }),
  ];
}

export async function createNotes(deps: Pick<ApiDeps, 'pool'>): Promise<void> {
  await deps.pool.query('CREATE TABLE note (id serial PRIMARY KEY, title text NOT NULL)');
}
