import type { Queryable } from '../pool';

export interface NewAttachment {
  readonly requestId: string;
  readonly kind: string;
  readonly fileName: string;
  readonly mediaType: string;
  readonly sha256: string;
  readonly content: Buffer;
  readonly addedBy: string;
}

/** Keeps a document of a request; the same bytes twice are one attachment. */
export async function addAttachment(tx: Queryable, file: NewAttachment): Promise<string> {
  const rows = await tx.query<{ id: string }>(
    `INSERT INTO letter_attachment (request_id, kind, file_name, media_type, sha256, content, added_by)
     VALUES ($1, $2, $3, $4, $5, $6, $7)
     ON CONFLICT (request_id, sha256) DO UPDATE SET kind = letter_attachment.kind RETURNING id`,
    [file.requestId, file.kind, file.fileName, file.mediaType, file.sha256, file.content, file.addedBy],
  );
  return rows.rows[0]!.id;
}

export async function readAttachment(
  db: Queryable,
  requestId: string,
  id: string,
): Promise<{ fileName: string; mediaType: string; content: Buffer } | null> {
  const rows = await db.query<{ fileName: string; mediaType: string; content: Buffer }>(
    `SELECT file_name AS "fileName", media_type AS "mediaType", content FROM letter_attachment
     WHERE id = $2 AND request_id = $1`,
    [requestId, id],
  );
  return rows.rows[0] ?? null;
}

export interface StoredDocument {
  readonly revision: number;
  readonly pdf: Buffer;
  readonly pdfSha256: string;
  readonly signature: Buffer;
}

/** The letter as a signed file; its latest revision. */
export async function readDocument(db: Queryable, requestId: string): Promise<StoredDocument | null> {
  const rows = await db.query<StoredDocument & Record<string, unknown>>(
    `SELECT revision, pdf, pdf_sha256 AS "pdfSha256", signature FROM letter_document
     WHERE request_id = $1 ORDER BY revision DESC LIMIT 1`,
    [requestId],
  );
  return rows.rows[0] ?? null;
}

/** Keeps the signed file of a revision; a second making of the same revision changes nothing. True when it was new. */
export async function addDocument(tx: Queryable, requestId: string, document: StoredDocument): Promise<boolean> {
  const done = await tx.query(
    `INSERT INTO letter_document (request_id, revision, pdf, pdf_sha256, signature) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT (request_id, revision) DO NOTHING`,
    [requestId, document.revision, document.pdf, document.pdfSha256, document.signature],
  );
  return done.rowCount === 1;
}
