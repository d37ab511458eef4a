import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { SaxesParser } from 'saxes';
import { isAppError } from '../errors';
import { unreadableFileError } from './limits';

export interface XmlHandlers {
  open(name: string, attributes: Record<string, string>): void;
  close(name: string): void;
  text(text: string): void;
}

/** Feeds XML piece by piece; entities beyond the five of XML and document types are errors, so nothing expands. */
export interface XmlFeeder {
  push(bytes: Buffer): void;
  end(): void;
}

export function createXmlFeeder(handlers: XmlHandlers): XmlFeeder {
  const parser = new SaxesParser({ xmlns: false, position: false });
  const decoder = new StringDecoder('utf8');
  parser.on('error', () => {
    throw unreadableFileError('damaged XML inside the workbook');
  });
  parser.on('doctype', () => {
    throw unreadableFileError('document type declaration inside the workbook');
  });
  parser.on('opentag', (tag) => handlers.open(localName(tag.name), tag.attributes));
  parser.on('closetag', (tag) => handlers.close(localName(tag.name)));
  parser.on('text', (text) => handlers.text(text));
  parser.on('cdata', (text) => handlers.text(text));
  return {
    push: (bytes) => {
      parser.write(decoder.write(bytes));
    },
    end: () => {
      parser.close();
    },
  };
}

/** Parses a whole small part. */
export async function parseXml(stream: Readable, handlers: XmlHandlers): Promise<void> {
  const feeder = createXmlFeeder(handlers);
  for await (const chunk of unpacked(stream)) feeder.push(chunk);
  feeder.end();
}

/** The chunks of an unpacked part; a part that is damaged or larger than declared is an unreadable file. */
export async function* unpacked(stream: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of stream) yield chunk as Buffer;
  } catch (error) {
    if (isAppError(error)) throw error;
    throw unreadableFileError('damaged archive');
  } finally {
    stream.destroy();
  }
}

function localName(name: string): string {
  const colon = name.indexOf(':');
  return colon < 0 ? name : name.slice(colon + 1);
}
