import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { z } from 'zod';
import { AppError } from '../../models/errors';
import { FEEDBACK_QUESTIONS } from '../../models/exchange/feedback-rows';
import { FEEDBACK } from '../../models/exchange/formats';
import { spoolStream } from '../../models/tabular/file-digest';
import { DEFAULT_LIMITS } from '../../models/tabular/limits';
import { spoolPath } from '../../models/tabular/spool-path';
import { inspectTable } from '../../models/tabular/table-source';
import { withTransaction } from '../../prisma/pool';
import { findImportFile, registerImportFile } from '../../prisma/repositories/import-files';
import type { ImportFile } from '../../prisma/repositories/import-files';
import { listAnswers, readLineEvidence } from '../../prisma/repositories/line-evidence';
import { enqueue } from '../../prisma/repositories/outbox';
import type { ApiDeps } from '../deps';
import type { RouteContext, UploadedFile } from '../http/context';
import { decodeCursor, toPage } from '../http/cursor';
import { notFound } from '../http/errors';
import { bigIdParam, code, page, paging, uuid } from '../http/fields';
import { defineRoute, json } from '../http/route';
import type { RouteDefinition } from '../http/route';

/** Outbox topic that takes in an uploaded feedback.csv; payload `{ fileId }`. */
const FEEDBACK_IMPORT_TOPIC = 'feedback-import';

const answerView = z
  .object({
    id: z.number(),
    surveyId: z.string(),
    clinicCode: z.string(),
    invoiceNo: z.string(),
    lineNo: z.int().nullable(),
    visitDate: z.string(),
    answeredAt: z.string(),
    question: z.string(),
    answer: z.string(),
  })
  .meta({ id: 'FeedbackAnswer' });
const evidenceView = z
  .object({
    surveyId: z.string(),
    prior: z.number(),
    likelihoodRatio: z.number(),
    posterior: z.number(),
    createdAt: z.string(),
  })
  .meta({ id: 'LineEvidence' });
const fileView = z
  .object({
    fileId: uuid(),
    state: z.string(),
    rowsRead: z.int(),
    rowsAccepted: z.int(),
    rowsRejected: z.int(),
    errorCode: z.string().nullable(),
  })
  .meta({ id: 'FeedbackFile' });

/** What insured people answered, what it says about lines, and files of answers. */
export function feedbackRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'get',
      path: '/v1/feedback',
      summary: { ru: 'Ответы застрахованных', en: 'Answers of the insured' },
      permission: 'feedback:read',
      query: z.object({
        ...paging(),
        clinicCode: code().optional(),
        invoiceNo: code().optional(),
        question: z.enum(FEEDBACK_QUESTIONS).optional(),
      }),
      response: json(page(answerView)),
      audit: {
        kind: 'read',
        subject: (_input, output) => ({ type: 'feedback', ids: output.items.map((item) => String(item.id)) }),
      },
      handler: async (ctx, { query }) => {
        const rows = await listAnswers(ctx.db, {
          clinicCode: query.clinicCode ?? null,
          invoiceNo: query.invoiceNo ?? null,
          question: query.question ?? null,
          before: decodeCursor(query.cursor, z.tuple([z.number()]))?.[0] ?? null,
          limit: query.limit + 1,
        });
        return toPage(rows, query.limit, (last) => [last.id]);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/feedback/lines/:lineId',
      summary: { ru: 'Что ответы говорят о строке', en: 'What answers say about a line' },
      permission: 'feedback:read',
      params: z.object({ lineId: bigIdParam() }),
      response: json(z.object({ evidence: z.array(evidenceView) })),
      audit: { kind: 'read', subject: ({ params }) => ({ type: 'invoice-line', ids: [String(params.lineId)] }) },
      handler: async (ctx, { params }) => ({ evidence: await readLineEvidence(ctx.db, params.lineId) }),
    }),
    defineRoute({
      method: 'post',
      path: '/v1/feedback-files',
      summary: { ru: 'Загрузить feedback.csv', en: 'Send a feedback.csv' },
      description: 'CSV (plain or gz) or XLSX. 202: taken for reading; 200: this very content had been sent before.',
      permission: 'survey:manage',
      input: 'multipart',
      maxBytes: DEFAULT_LIMITS.maxFileBytes,
      response: json(fileView, 202),
      alsoStatus: [200],
      handler: async (ctx) => {
        let received: { file: ImportFile; created: boolean } | null = null;
        for await (const upload of ctx.files()) {
          if (received !== null) throw oneFile();
          received = await receive(deps, ctx, upload);
        }
        if (received === null) throw oneFile();
        ctx.status(received.created ? 202 : 200);
        return viewOf(received.file);
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/feedback-files/:fileId',
      summary: { ru: 'Состояние загрузки', en: 'State of an import' },
      permission: 'survey:manage',
      params: z.object({ fileId: uuid() }),
      response: json(fileView),
      handler: async (ctx, { params }) => {
        const found = await findImportFile(ctx.db, params.fileId, { kind: 'all' });
        if (found === null || found.kind !== 'feedback') throw notFound('feedback-file');
        return viewOf(found);
      },
    }),
  ];
}

/** Spools, inspects and registers one upload; the row and the message that starts its import commit together. */
async function receive(deps: ApiDeps, ctx: RouteContext, upload: UploadedFile) {
  const id = randomUUID();
  const path = spoolPath(deps.config.MEDEX_SPOOL_DIR, id);
  let kept = false;
  try {
    const digest = await spoolStream(upload.stream, path, DEFAULT_LIMITS.maxFileBytes);
    await inspectTable(path, FEEDBACK);
    const receivedBy = ctx.principal.kind === 'user' ? ctx.principal.id : null;
    const draft = { id, kind: 'feedback', fileName: upload.filename, ...digest, clinicId: null, receivedBy };
    const registered = await withTransaction(deps.pool, async (tx) => {
      const stored = await registerImportFile(tx, draft);
      if (stored.created) {
        await enqueue(tx, [{ topic: FEEDBACK_IMPORT_TOPIC, key: id, payload: { fileId: id } }]);
      }
      return stored;
    });
    kept = registered.created;
    return registered;
  } finally {
    if (!kept) await rm(path, { force: true });
  }
}

function viewOf(file: ImportFile): z.input<typeof fileView> {
  const { id, state, rowsRead, rowsAccepted, rowsRejected, errorCode } = file;
  return { fileId: id, state, rowsRead, rowsAccepted, rowsRejected, errorCode };
}

function oneFile(): AppError {
  return new AppError(
    'one-file-expected',
    { ru: 'Пришлите ровно один файл', en: 'Send exactly one file' },
    { httpStatus: 422 },
  );
}
