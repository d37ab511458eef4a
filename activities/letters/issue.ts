import { createHash } from 'node:crypto';
import { renderLetterPdf } from '../../models/documents/letter-pdf';
import { withTransaction } from '../../prisma/pool';
import type { Pool } from '../../prisma/pool';
import { addDocument } from '../../prisma/repositories/letter-files';
import { readLetterContent } from '../../prisma/repositories/letter-content';
import { queueWebhooks } from '../../prisma/repositories/webhooks';
import type { DocumentSigner } from '../signature/port';

export interface IssueDeps {
  readonly pool: Pool;
  readonly signer: DocumentSigner;
  /** Public address of the product, for the QR code. */
  readonly publicUrl: string;
}

/**
 * Makes and signs the letter's file for its present revision; making it again gives the same bytes and changes nothing.
 * Called by the outbox relay, out of the way of the first answer. The clinic hears that the file is there, with its hash.
 */
export async function issueLetter(deps: IssueDeps, requestId: string): Promise<void> {
  const content = await readLetterContent(deps.pool, requestId, deps.publicUrl);
  if (content === null || content.lines.length === 0) return;
  const pdf = await renderLetterPdf(content);
  const signature = Buffer.from(await deps.signer.sign(pdf));
  const pdfSha256 = createHash('sha256').update(pdf).digest('hex');
  const { number, revision } = content;
  await withTransaction(deps.pool, async (tx) => {
    if (!(await addDocument(tx, requestId, { revision, pdf, pdfSha256, signature }))) return;
    await queueWebhooks(tx, { event: 'letter.issued', requestId, body: { requestId, number, revision, pdfSha256 } });
  });
}
