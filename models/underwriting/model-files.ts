import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError } from '../errors';
import type { Member, UnderwritingModel } from './model';

const FORMAT = 1;
const ARRAYS = { f32: Float32Array, f64: Float64Array, i32: Int32Array, i8: Int8Array, u8: Uint8Array } as const;
type ArrayType = keyof typeof ARRAYS;
type AnyArray = InstanceType<(typeof ARRAYS)[ArrayType]>;

/**
 * Plain data with typed arrays, maps and sets as one JSON text and one binary: the same bytes on every backend.
 * Little-endian; arrays are aligned to 8 bytes.
 */
export function pack(value: unknown): { readonly json: string; readonly binary: Uint8Array } {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const json = JSON.stringify(value, (_key, item: unknown) => {
    const type = typeOf(item);
    if (type !== null) {
      const array = item as AnyArray;
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      const at = size;
      const padding = (8 - (bytes.length % 8)) % 8;
      chunks.push(bytes, new Uint8Array(padding));
      size += bytes.length + padding;
      return { $array: type, at, length: array.length };
    }
    if (item instanceof Map) return { $map: [...item] };
    if (item instanceof Set) return { $set: [...item] };
    return item;
  });
  const binary = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    binary.set(chunk, at);
    at += chunk.length;
  }
  return { json, binary };
}

/** The inverse of {@link pack}. */
export function unpack(json: string, binary: Uint8Array): unknown {
  const buffer = binary.buffer.slice(binary.byteOffset, binary.byteOffset + binary.byteLength) as ArrayBuffer;
  return JSON.parse(json, (_key, item: unknown) => {
    if (typeof item !== 'object' || item === null) return item;
    const tagged = item as {
      $array?: ArrayType;
      at?: number;
      length?: number;
      $map?: [unknown, unknown][];
      $set?: unknown[];
    };
    if (tagged.$array !== undefined) return new ARRAYS[tagged.$array](buffer, tagged.at, tagged.length);
    if (tagged.$map !== undefined) return new Map(tagged.$map);
    if (tagged.$set !== undefined) return new Set(tagged.$set);
    return item;
  });
}

/** Writes model.json and model.bin; each file appears whole or not at all. */
export function saveModel(model: UnderwritingModel, folder: string): void {
  mkdirSync(folder, { recursive: true });
  const { json, binary } = packModel(model);
  writeWhole(join(folder, 'model.bin'), binary);
  writeWhole(join(folder, 'model.json'), json);
}

export function packModel(model: UnderwritingModel): { readonly json: string; readonly binary: Uint8Array } {
  return pack({ format: FORMAT, model });
}

/** @throws AppError UNDERWRITING_MODEL when the content is not a model of this format */
export function unpackModel(json: string, binary: Uint8Array): UnderwritingModel {
  const stored = unpack(json, binary) as { format?: number; model?: UnderwritingModel };
  if (stored.format !== FORMAT || stored.model === undefined) throw notModel('model.json');
  return stored.model;
}

/** @throws AppError UNDERWRITING_MODEL when the folder holds no readable model */
export function loadModel(folder: string): UnderwritingModel {
  let json: string;
  let binary: Uint8Array;
  try {
    json = readFileSync(join(folder, 'model.json'), 'utf8');
    binary = readFileSync(join(folder, 'model.bin'));
  } catch (cause) {
    throw notModel(folder, cause);
  }
  return unpackModel(json, binary);
}

/** Members of an interrupted training, kept while it runs; `key` names data and request, so none is mixed up. */
export interface Checkpoint {
  readonly key: string;
  readonly members: readonly Member[];
}

export function saveCheckpoint(folder: string, checkpoint: Checkpoint): void {
  mkdirSync(folder, { recursive: true });
  const { json, binary } = pack(checkpoint);
  writeWhole(join(folder, 'checkpoint.bin'), binary);
  writeWhole(join(folder, 'checkpoint.json'), json);
}

export function loadCheckpoint(folder: string, key: string): readonly Member[] {
  try {
    const json = readFileSync(join(folder, 'checkpoint.json'), 'utf8');
    const stored = unpack(json, readFileSync(join(folder, 'checkpoint.bin'))) as Checkpoint;
    return stored.key === key ? stored.members : [];
  } catch {
    return [];
  }
}

function writeWhole(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}.part`, content);
  renameSync(`${path}.part`, path);
}

function typeOf(item: unknown): ArrayType | null {
  if (!ArrayBuffer.isView(item)) return null;
  for (const [type, constructor] of Object.entries(ARRAYS)) if (item instanceof constructor) return type as ArrayType;
  return null;
}

function notModel(place: string, cause?: unknown): AppError {
  return new AppError(
    'UNDERWRITING_MODEL',
    { ru: `В «${place}» нет модели этого формата`, en: `“${place}” holds no model of this format` },
    { httpStatus: 404, cause, details: { fix: 'train one with medex model train' } },
  );
}
