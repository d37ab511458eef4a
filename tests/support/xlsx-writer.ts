import { crc32 } from 'node:zlib';
import { deflateRawSync } from 'node:zlib';

/** A part of an archive; the overrides let a test lie about sizes and flags. */
export interface ZipPart {
  readonly name: string;
  readonly data: Buffer | string;
  readonly declaredSize?: number;
  readonly flags?: number;
  readonly externalAttributes?: number;
}

/** A zip of deflated parts, as plain as the format allows. */
export function zip(parts: readonly ZipPart[]): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const part of parts) {
    const data = Buffer.from(part.data);
    const packed = deflateRawSync(data, { level: 1 });
    const name = Buffer.from(part.name);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(part.flags ?? 0, 2);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crcOf(data), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(part.declaredSize ?? data.length, 18);
    common.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\u0003\u0004', 'latin1'), common, name, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE(part.externalAttributes ?? 0, 6);
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\u0001\u0002\u0014\u0003', 'latin1'), common, tail, name]));
    bodies.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\u0005\u0006', 'latin1');
  end.writeUInt16LE(parts.length, 8);
  end.writeUInt16LE(parts.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, central, end]);
}

export type XlsxCell = string | number | { readonly serial: number; readonly style: number } | null;

export interface XlsxOptions {
  /** Texts as shared strings (as Excel writes them) instead of inline ones. */
  readonly shared?: boolean;
  readonly date1904?: boolean;
  /** XML put before the sheet's root element. */
  readonly prologue?: string;
  readonly extraParts?: readonly ZipPart[];
}

/** Cell styles of the workbooks made here. */
export const STYLE = { plain: 0, date: 1, zeros: 2, dateTime: 3 } as const;

/** A workbook with one sheet. */
export function xlsx(rows: readonly (readonly XlsxCell[])[], options: XlsxOptions = {}): Buffer {
  const strings: string[] = [];
  const body = rows.map(
    (row, index) =>
      `<row r="${index + 1}">${row.map((cell, at) => cellXml(cell, at, index + 1, options.shared ? strings : null)).join('')}</row>`,
  );
  return workbook(
    `${options.prologue ?? ''}<worksheet><sheetData>${body.join('')}</sheetData></worksheet>`,
    strings,
    options,
  );
}

/** A workbook around a sheet written by hand. */
export function workbook(sheet: string | Buffer, strings: readonly string[] = [], options: XlsxOptions = {}): Buffer {
  return zip([
    { name: '[Content_Types].xml', data: '<Types/>' },
    {
      name: 'xl/workbook.xml',
      data: `<workbook xmlns:r="r"><workbookPr date1904="${options.date1904 ? 1 : 0}"/><sheets><sheet name="Скрытый" state="hidden" r:id="rId9"/><sheet name="Реестр" r:id="rId1"/></sheets></workbook>`,
    },
    {
      name: 'xl/_rels/workbook.xml.rels',
      data: '<Relationships><Relationship Id="rId1" Target="worksheets/sheet7.xml"/></Relationships>',
    },
    {
      name: 'xl/styles.xml',
      data: '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="00000"/><numFmt numFmtId="165" formatCode="dd\\.mm\\.yyyy&quot; г.&quot;"/></numFmts><cellStyleXfs><xf numFmtId="14"/></cellStyleXfs><cellXfs><xf numFmtId="0"/><xf numFmtId="165"/><xf numFmtId="164"/><xf numFmtId="22"/></cellXfs></styleSheet>',
    },
    {
      name: 'xl/sharedStrings.xml',
      data: `<sst>${strings.map((text) => `<si><r><t>${escape(text)}</t></r><rPh><t>фуригана</t></rPh></si>`).join('')}</sst>`,
    },
    { name: 'xl/worksheets/sheet7.xml', data: sheet },
    ...(options.extraParts ?? []),
  ]);
}

function cellXml(cell: XlsxCell, column: number, row: number, strings: string[] | null): string {
  const reference = `${columnName(column)}${row}`;
  if (cell === null) return '';
  if (typeof cell === 'number') return `<c r="${reference}"><v>${cell}</v></c>`;
  if (typeof cell === 'object') return `<c r="${reference}" s="${cell.style}"><v>${cell.serial}</v></c>`;
  if (strings === null) return `<c r="${reference}" t="inlineStr"><is><t>${escape(cell)}</t></is></c>`;
  strings.push(cell);
  return `<c r="${reference}" t="s"><v>${strings.length - 1}</v></c>`;
}

export function columnName(index: number): string {
  const last = String.fromCharCode(65 + (index % 26));
  return index < 26 ? last : columnName(Math.floor(index / 26) - 1) + last;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

/** zlib.crc32 came with Node 20.15; older ones count by hand. */
function crcOf(data: Buffer): number {
  if (typeof crc32 === 'function') return crc32(data);
  let crc = ~0;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
