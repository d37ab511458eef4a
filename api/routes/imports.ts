import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import { AppError } from '../../models/errors';
import { INVOICES } from '../../models/exchange/formats';
import { spoolStream } from '../../models/tabular/file-digest';
import { DEFAULT_LIMITS } from '../../models/tabular/limits';
import { spoolPath } from '../../models/tabular/spool-path';
import { inspectTable } from '../../models/tabular/table-source';
import { withTransaction } from '../../prisma/pool';
import type { Queryable } from '../../prisma/pool';
import {
  findImportFile,
  listImportFiles,
  pageOfRejections,
  registerImportFile,
  spoolUse,
} from '../../prisma/repositories/import-files';
import type { ImportFile } from '../../prisma/repositories/import-files';
import { rejectionsCsv } from '../../prisma/repositories/rejections-csv';
import { versionsOfFile } from '../../prisma/repositories/invoices-intake';
import { enqueue } from '../../prisma/repositories/outbox';
import type { ApiDeps } from '../deps';
import type { RouteContext, UploadedFile } from '../http/context';
import { decodeCursor, encodeCursor } from '../http/cursor';
import { notFound } from '../http/errors';
import { int32, page, paging, uuid } from '../http/fields';
import { defineRoute, file, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

/** Outbox topic that starts the intake of an uploaded registry; payload `{ fileId }`. */
export const REGISTRY_INTAKE_TOPIC = 'registry-intake';

const QUOTA_FILES = 20;
const QUOTA_BYTES = 2 * 2 ** 30;
const REJECTION_PAGE = 2_000;

const registryView = z.object({
  registryId: uuid(),
  fileName: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  state: z.enum(['receiving', 'reading', 'taken', 'failed']),
  rowsRead: int32(),
  rowsAccepted: int32(),
  rowsRejected: int32(),
  errorCode: z.string().nullable(),
  receivedAt: z.string(),
  takenAt: z.string().nullable(),
});
const receivedView = registryView.extend({
  /** True: the same content had been sent before; this is that registry. */
  duplicate: z.boolean(),
});
const statusView = registryView.extend({
  /** Invoices of which this file brought a version, and how many of them had been there with other content. */
  invoices: int32(),
  invoicesChanged: int32(),
});
const problemView = z.object({
  rowNo: int32(),
  field: z.string(),
  value: z.string(),
  rule: z.string(),
  reason: z.object({ ru: z.string(), en: z.string() }),
});
const byId = z.object({ registryId: uuid() });
const cursorShape = z.tuple([z.string(), z.string()]);
const rowCursor = z.tuple([z.number(), z.string()]);

/** Invoice registries that clinics send: upload, state, and the rows that could not be read. */
export function importRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/invoice-registries',
      summary: { ru: 'Отправить реестр счетов', en: 'Send an invoice registry' },
      description:
        'One CSV (plain or gz, UTF-8 or Windows-1251) or XLSX file. 202: taken for reading; 200: this very content had been sent before.',
      permission: 'registry:submit',
      input: 'multipart',
      maxBytes: DEFAULT_LIMITS.maxFileBytes,
      response: json(receivedView, 202),
      alsoStatus: [200],
      handler: (ctx) => receiveRegistry(deps, ctx),
    }),
    defineRoute({
      method: 'get',
      path: '/v1/invoice-registries',
      summary: { ru: 'Реестры счетов', en: 'Invoice registries' },
      permission: 'registry:read',
      query: z.object({ ...paging() }),
      response: json(page(registryView)),
      handler: async (ctx, { query }) => {
        const last = decodeCursor(query.cursor, cursorShape);
        const after = last === null ? null : { receivedAt: last[0], id: last[1] };
        const filter = scopeOf(ctx.principal, 'registry:read');
        const files = await listImportFiles(ctx.db, filter, { after, limit: query.limit });
        const end = files.length < query.limit ? undefined : files.at(-1);
        return { items: files.map(view), next: end ? encodeCursor([end.receivedAt, end.id]) : null };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/invoice-registries/:registryId',
      summary: { ru: 'Состояние реестра', en: 'State of a registry' },
      permission: 'registry:read',
      params: byId,
      response: json(statusView),
      handler: async (ctx, { params }) => {
        const found = await visibleRegistry(ctx, params.registryId);
        const { invoices, changed } = await versionsOfFile(ctx.db, found.id);
        return { ...view(found), invoices, invoicesChanged: changed };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/invoice-registries/:registryId/problems',
      summary: { ru: 'Что не так в строках реестра', en: 'What is wrong with rows of a registry' },
      permission: 'registry:read',
      params: byId,
      query: z.object({ ...paging() }),
      response: json(page(problemView)),
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'registry', ids: [params.registryId] }) },
      handler: async (ctx, { params, query }) => {
        const found = await visibleRegistry(ctx, params.registryId);
        const [rowNo, field] = decodeCursor(query.cursor, rowCursor) ?? [-1, ''];
        const rows = await pageOfRejections(ctx.db, found.id, { rowNo, field }, query.limit);
        const end = rows.length < query.limit ? undefined : rows.at(-1);
        const items = rows.map((row) => ({ ...row, reason: { ru: row.reasonRu, en: row.reasonEn } }));
        return { items, next: end ? encodeCursor([end.rowNo, end.field]) : null };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/invoice-registries/:registryId/rejections',
      summary: {
        ru: 'Непринятые строки, чтобы исправить и прислать снова',
        en: 'Rejected rows, to mend and send again',
      },
      permission: 'registry:read',
      params: byId,
      response: file('text/csv'),
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'registry', ids: [params.registryId] }) },
      handler: async (ctx, { params }) => {
        const found = await visibleRegistry(ctx, params.registryId);
        const body = Readable.from(rejectionsCsv(deps.pool, found.id, REJECTION_PAGE));
        return { body, filename: `rejected-${found.id}.csv`, contentType: 'text/csv; charset=utf-8' };
      },
    }),
  ];
}

async function receiveRegistry(deps: ApiDeps, ctx: RouteContext): Promise<z.input<typeof receivedView>> {
  const { clinicId } = ctx.principal.scope;
  await checkQuota(ctx.db, clinicId);
  let received: { file: ImportFile; created: boolean } | null = null;
  for await (const upload of ctx.files()) {
    if (received !== null) throw oneFileError();
    received = await receiveFile(deps, ctx, upload, clinicId);
  }
  if (received === null) throw oneFileError();
  const { file: registered, created } = received;
  ctx.status(created ? 202 : 200);
  ctx.header('Location', `/v1/invoice-registries/${registered.id}`);
  return { ...view(registered), duplicate: !created };
}

/** Spools, inspects and registers one upload; the row and the message that starts its intake commit together. */
async function receiveFile(
  deps: ApiDeps,
  ctx: RouteContext,
  upload: UploadedFile,
  clinicId: number | null,
): Promise<{ file: ImportFile; created: boolean }> {
  const id = randomUUID();
  const path = spoolPath(deps.config.MEDEX_SPOOL_DIR, id);
  let kept = false;
  try {
    const digest = await spoolStream(upload.stream, path, DEFAULT_LIMITS.maxFileBytes);
    await inspectTable(path, INVOICES);
    const receivedBy = ctx.principal.kind === 'user' ? ctx.principal.id : null;
    const draft = { id, kind: 'invoices', fileName: upload.filename, ...digest, clinicId, receivedBy };
    const received = await withTransaction(deps.pool, async (tx) => {
      const registered = await registerImportFile(tx, draft);
      if (registered.created) {
        await enqueue(tx, [{ topic: REGISTRY_INTAKE_TOPIC, key: id, payload: { fileId: id } }]);
      }
      return registered;
    });
    kept = received.created;
    return received;
  } finally {
    if (!kept) await rm(path, { force: true });
  }
}

async function checkQuota(db: Queryable, clinicId: number | null): Promise<void> {
  const use = await spoolUse(db, clinicId);
  if (use.files < QUOTA_FILES && use.bytes < QUOTA_BYTES) return;
  throw new AppError(
    'registry-quota',
    {
      ru: 'Слишком много реестров ждёт обработки: пришлите следующий позже',
      en: 'Too many registries are waiting: send the next one later',
    },
    { httpStatus: 429, retryable: true, details: { waiting: use.files, maxFiles: QUOTA_FILES, maxBytes: QUOTA_BYTES } },
  );
}

/** @throws AppError not-found (404) when the caller may not see it either */
export async function visibleRegistry(ctx: RouteContext, id: string): Promise<ImportFile> {
  const found = await findImportFile(ctx.db, id, scopeOf(ctx.principal, 'registry:read'));
  if (found === null || found.kind !== 'invoices') throw notFound('registry');
  return found;
}

function view(found: ImportFile): z.input<typeof registryView> {
  const { id, kind: _kind, clinicId: _clinicId, ...rest } = found;
  return { registryId: id, ...rest };
}

function oneFileError(): AppError {
  return new AppError(
    'one-file-expected',
    { ru: 'Пришлите ровно один файл', en: 'Send exactly one file' },
    { httpStatus: 422 },
  );
}
