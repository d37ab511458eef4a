import { isAscii, isUtf8 } from 'node:buffer';
import { AppError } from '../errors';

export type TextEncoding = 'utf-8' | 'windows-1251';

/** Turns the bytes of a text file into text, piece by piece. */
export interface StreamDecoder {
  push(bytes: Buffer): string;
  end(): string;
}

const LINE_FEED = 10;
/** A line longer than this is no table. */
const LONGEST_LINE = 1_048_576;

/**
 * Decodes UTF-8 (with or without BOM) or Windows-1251, and finds out which of them it is: ASCII fits both, so the choice
 * falls at the first line with another byte. Text comes out in whole lines, because a line feed is the one place
 * where a piece can be cut in both encodings.
 *
 * @throws AppError file-encoding-unknown (422): UTF-16, binary data, or bytes that change encoding on the way
 */
export function createStreamDecoder(): StreamDecoder {
  let encoding: TextEncoding | null = null;
  let carry: Buffer[] = [];
  let carried = 0;
  let position = 0;
  let first = true;
  const cyrillic = new TextDecoder('windows-1251');

  const decode = (bytes: Buffer): string => {
    let piece = bytes;
    if (first) {
      if (piece[0] === 0xef && piece[1] === 0xbb && piece[2] === 0xbf) {
        piece = piece.subarray(3);
        encoding = 'utf-8';
      }
      first = false;
    }
    const at = position;
    position += bytes.length;
    if (encoding === null && isAscii(piece)) return piece.toString('latin1');
    if (encoding === null) {
      encoding = isUtf8(piece) ? 'utf-8' : 'windows-1251';
      if (encoding === 'windows-1251' && looksLikeUtf8(piece)) throw encodingError('changes', at);
    }
    if (encoding === 'utf-8') {
      if (!isUtf8(piece)) throw encodingError('changes', at);
      return piece.toString('utf8');
    }
    // 0x98 is the one byte that Windows-1251 does not define.
    if (piece.includes(0x98)) throw encodingError('unknown', at);
    return cyrillic.decode(piece);
  };

  return {
    push(bytes) {
      if (position === 0 && carried === 0) refuseWideEncodings(bytes);
      const cut = bytes.lastIndexOf(LINE_FEED) + 1;
      if (cut === 0) {
        carry.push(bytes);
        carried += bytes.length;
        if (carried > LONGEST_LINE) throw encodingError('no-lines', position);
        return '';
      }
      const head = carried === 0 ? bytes.subarray(0, cut) : Buffer.concat([...carry, bytes.subarray(0, cut)]);
      carry = cut < bytes.length ? [bytes.subarray(cut)] : [];
      carried = bytes.length - cut;
      return decode(head);
    },
    end() {
      const tail = Buffer.concat(carry);
      carry = [];
      carried = 0;
      return tail.length === 0 ? '' : decode(tail);
    },
  };
}

/** Texts of two-byte characters and binary files are full of zero bytes; a stray one is a fault of its row alone. */
function refuseWideEncodings(bytes: Buffer): void {
  const head = bytes.subarray(0, 4096);
  const marked = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff);
  let zeros = 0;
  for (const byte of head) if (byte === 0) zeros++;
  if (marked || zeros * 50 > head.length) throw encodingError('unknown', 0);
}

/**
 * Most bytes beyond ASCII are the pairs by which UTF-8 writes Cyrillic: the file is UTF-8 with a damaged byte, and read
 * as Windows-1251 it would turn into gibberish without a word.
 */
function looksLikeUtf8(bytes: Buffer): boolean {
  let high = 0;
  let paired = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte < 0x80) continue;
    high++;
    const next = bytes[at + 1] ?? 0;
    if ((byte === 0xd0 || byte === 0xd1) && next >= 0x80 && next <= 0xbf) {
      high++;
      paired += 2;
      at++;
    }
  }
  return paired * 2 > high;
}

function encodingError(kind: 'unknown' | 'changes' | 'no-lines', byteOffset: number): AppError {
  const ru = {
    unknown: 'Кодировка не опознана',
    changes: 'Кодировка меняется внутри файла',
    'no-lines': 'Файл не текстовый',
  };
  const en = {
    unknown: 'The encoding is not known',
    changes: 'The encoding changes inside the file',
    'no-lines': 'Not a text file',
  };
  return new AppError(
    'file-encoding-unknown',
    {
      ru: `${ru[kind]} (байт ${byteOffset}). Сохраните файл как CSV в UTF-8 или Windows-1251 либо как XLSX.`,
      en: `${en[kind]} (byte ${byteOffset}). Save the file as CSV in UTF-8 or Windows-1251, or as XLSX.`,
    },
    { httpStatus: 422, details: { byteOffset } },
  );
}
