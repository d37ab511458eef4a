/** All text of a PDF, pages and lines joined by spaces, white space collapsed: what a search in the file would see. */
export async function textOfPdf(pdf: Buffer): Promise<string> {
  return (await readPdf(pdf)).text;
}

/** Text as `textOfPdf`, and whether the file is tagged for screen readers. */
export async function readPdf(pdf: Buffer): Promise<{ text: string; tagged: boolean; pages: number }> {
  const { getDocument } = await import('pdfjs-dist/legacy/build/pdf.mjs');
  const document = await getDocument({ data: new Uint8Array(pdf), useSystemFonts: true, verbosity: 0 }).promise;
  const texts: string[] = [];
  for (let page = 1; page <= document.numPages; page += 1) {
    const { items } = await (await document.getPage(page)).getTextContent();
    texts.push(items.map((item) => ('str' in item ? item.str : '')).join(' '));
  }
  const tagged = (await document.getMarkInfo())?.Marked === true;
  const pages = document.numPages;
  await document.destroy();
  return { text: texts.join(' ').replaceAll(/\s+/g, ' '), tagged, pages };
}
