import { z } from 'zod';
import { scopeOf } from '../../models/access/policy';
import type { Action } from '../../models/access/policy';
import { readAttachment, readDocument } from '../../prisma/repositories/letter-files';
import type { StoredDocument } from '../../prisma/repositories/letter-files';
import { readLetterDetail } from '../../prisma/repositories/letter-views';
import type { LetterDetail } from '../../prisma/repositories/letter-views';
import type { ApiDeps } from '../deps';
import type { RouteContext, UploadedFile } from '../http/context';
import { notFound } from '../http/errors';
import { uuid } from '../http/fields';
import { defineRoute, file, json } from '../http/route';
import type { RouteDefinition } from '../http/route';
import { assertFileSize, assertMediaType, keepAttachment, MAX_FILE_BYTES } from '../letters/attachment';

const params = z.object({ letterId: uuid() });

/** Documents to a request, and the letter itself with its signature. */
export function letterFileRoutes(deps: ApiDeps): RouteDefinition[] {
  return [
    defineRoute({
      method: 'post',
      path: '/v1/letters/:letterId/attachments',
      summary: { ru: 'Приложить документы', en: 'Attach documents' },
      description:
        'Form field `kind` before each file: referral, surgeon-opinion, imaging-report, discharge, treatment-plan.',
      permission: 'letter:documents',
      params,
      input: 'multipart',
      response: json(z.object({ attachmentIds: z.array(uuid()) }), 201),
      maxBytes: 5 * MAX_FILE_BYTES,
      handler: async (ctx, input) => {
        await ownLetter(deps, ctx, input.params.letterId, 'letter:documents');
        const attachmentIds: string[] = [];
        for await (const upload of ctx.files()) {
          attachmentIds.push(await keep(deps, ctx, input.params.letterId, upload));
        }
        return { attachmentIds };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/letters/:letterId/attachments/:attachmentId',
      summary: { ru: 'Приложенный документ', en: 'An attached document' },
      permission: 'letter:read',
      params: z.object({ letterId: uuid(), attachmentId: uuid() }),
      response: file('application/octet-stream'),
      audit: { kind: 'read', subject: (input) => ({ type: 'letter-attachment', ids: [input.params.attachmentId] }) },
      handler: async (ctx, input) => {
        await ownLetter(deps, ctx, input.params.letterId, 'letter:read');
        const found = await readAttachment(ctx.db, input.params.letterId, input.params.attachmentId);
        if (found === null) throw notFound('attachment');
        return { body: found.content, filename: found.fileName, contentType: found.mediaType };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/letters/:letterId/document',
      summary: { ru: 'Гарантийное письмо (PDF)', en: 'The letter (PDF)' },
      permission: 'letter:read',
      params,
      response: file('application/pdf'),
      audit: { kind: 'read', subject: (input) => ({ type: 'letter', ids: [input.params.letterId] }) },
      handler: async (ctx, input) => {
        const { letter, document } = await issued(deps, ctx, input.params.letterId);
        return { body: document.pdf, filename: `${letter.number}.pdf` };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/v1/letters/:letterId/signature',
      summary: { ru: 'Открепленная подпись письма (CMS, DER)', en: 'Detached signature of the letter (CMS, DER)' },
      permission: 'letter:read',
      params,
      response: file('application/pkcs7-signature'),
      handler: async (ctx, input) => {
        const { letter, document } = await issued(deps, ctx, input.params.letterId);
        return { body: document.signature, filename: `${letter.number}.pdf.p7s` };
      },
    }),
  ];
}

async function keep(deps: ApiDeps, ctx: RouteContext, requestId: string, upload: UploadedFile): Promise<string> {
  const { mimeType: mediaType, filename: fileName } = upload;
  assertMediaType(mediaType);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of upload.stream) {
    bytes += (chunk as Buffer).length;
    assertFileSize(bytes);
    chunks.push(chunk as Buffer);
  }
  const file = { kind: upload.fields['kind'] ?? 'referral', fileName, mediaType, content: Buffer.concat(chunks) };
  return keepAttachment(deps.pool, requestId, file, ctx.principal.id);
}

async function ownLetter(deps: ApiDeps, ctx: RouteContext, id: string, action: Action): Promise<LetterDetail> {
  const letter = await readLetterDetail(deps.pool, id, scopeOf(ctx.principal, action));
  if (letter === null) throw notFound('letter');
  return letter;
}

async function issued(
  deps: ApiDeps,
  ctx: RouteContext,
  id: string,
): Promise<{ letter: LetterDetail; document: StoredDocument }> {
  const letter = await ownLetter(deps, ctx, id, 'letter:read');
  const document = await readDocument(ctx.db, id);
  if (document === null) throw notFound('letter-document');
  return { letter, document };
}
