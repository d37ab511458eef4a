import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';

/** All text of a PDF, page by page, and whether it is tagged for screen readers. */
export async function readPdf(bytes: Buffer): Promise<{ text: string; tagged: boolean; pages: number }> {
  const document = await getDocument({ data: new Uint8Array(bytes), verbosity: 0 }).promise;
  const texts: string[] = [];
  for (let number = 1; number <= document.numPages; number += 1) {
    const content = await (await document.getPage(number)).getTextContent();
    texts.push(content.items.map((item) => ('str' in item ? item.str : '')).join(' '));
  }
  const tagged = (await document.getMarkInfo())?.Marked === true;
  const pages = document.numPages;
  await document.destroy();
  return { text: texts.join('\n').replace(/\s+/g, ' '), tagged, pages };
}
