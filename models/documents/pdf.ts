import { join } from 'node:path';
import pdfmake from 'pdfmake';
import type { TDocumentDefinitions } from 'pdfmake/interfaces';

/** What the typings of pdfmake lack: the door guards of its server build. */
interface Guarded {
  setUrlAccessPolicy(allow: (url: string) => boolean): void;
  setLocalAccessPolicy(allow: (path: string) => boolean): void;
}

const FONT_DIR = join(require.resolve('pdfmake/package.json'), '..', 'fonts', 'Roboto');

let ready = false;

/** Roboto (Apache-2.0, shipped with pdfmake) has Cyrillic. Documents load nothing else, from no place. */
function prepare(): void {
  if (ready) return;
  pdfmake.setFonts({
    Roboto: {
      normal: join(FONT_DIR, 'Roboto-Regular.ttf'),
      bold: join(FONT_DIR, 'Roboto-Medium.ttf'),
      italics: join(FONT_DIR, 'Roboto-Italic.ttf'),
      bolditalics: join(FONT_DIR, 'Roboto-MediumItalic.ttf'),
    },
  });
  const guarded = pdfmake as unknown as Guarded;
  guarded.setUrlAccessPolicy(() => false);
  guarded.setLocalAccessPolicy((path) => path.startsWith(FONT_DIR));
  ready = true;
}

/** Renders a document. The same definition and instant give the same bytes, so a hash of it means something. */
export async function renderPdf(definition: TDocumentDefinitions, createdAt: string): Promise<Buffer> {
  prepare();
  const info = { ...definition.info, creationDate: new Date(createdAt), producer: 'Medex', creator: 'Medex' };
  return pdfmake.createPdf({ ...definition, info }).getBuffer();
}
