import { createHash } from 'node:crypto';
import { buildAct } from '../../models/review-case/act';
import { renderActPdf } from '../../models/documents/act-pdf';
import type { Queryable } from '../../prisma/pool';
import { actsOfVersion, insertActs, nextActNumbers, readActSources } from '../../prisma/repositories/acts';
import type { ActDraft, ActSource, StoredActContent } from '../../prisma/repositories/acts';

/**
 * Issues the acts of versions that no person had to decide, all at once; their PDF is rendered when somebody asks for
 * it, from the stored content.
 */
export async function issueActsInBulk(tx: Queryable, versionIds: readonly number[], issuedAt: string): Promise<void> {
  if (versionIds.length === 0) return;
  const sources = await readActSources(tx, versionIds);
  const numbers = await nextActNumbers(tx, sources.length, yearOf(issuedAt));
  const drafts = sources.map((source, index): ActDraft => ({
    versionId: source.versionId,
    content: contentOf(source, numbers[index]!, 0, issuedAt),
    pdf: null,
    pdfSha256: null,
  }));
  await insertActs(tx, drafts);
}

/**
 * Issues the act of one wholly decided version, or the next supplement when verdicts were reversed after the last one.
 * Returns its number; null when the last act already covers every verdict.
 */
export async function issueAct(tx: Queryable, versionId: number, issuedAt: string): Promise<string | null> {
  const [source] = await readActSources(tx, [versionId]);
  if (source === undefined) return null;
  const earlier = await actsOfVersion(tx, versionId);
  const last = earlier.at(-1);
  if (last !== undefined && last.content.through >= source.through) return null;
  const supplementNo = earlier.length;
  const number = last ? `${earlier[0]!.number}/${supplementNo}` : (await nextActNumbers(tx, 1, yearOf(issuedAt)))[0]!;
  const content = contentOf(source, number, supplementNo, issuedAt);
  const pdf = await renderActPdf(content);
  await insertActs(tx, [{ versionId, content, pdf, pdfSha256: createHash('sha256').update(pdf).digest('hex') }]);
  return number;
}

function contentOf(source: ActSource, number: string, supplementNo: number, issuedAt: string): StoredActContent {
  return { ...buildAct({ ...source, number, supplementNo, issuedAt }), through: source.through };
}

function yearOf(instant: string): number {
  return Number(instant.slice(0, 4));
}
