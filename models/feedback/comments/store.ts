import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import * as path from 'node:path';
import { AppError } from '../../errors';
import type { CommentModel } from './classify';
import { FEATURES } from './features';
import { COMMENT_TOPICS } from './topics';

interface Manifest {
  format: 'medex-comments-1';
  version: string;
  features: number;
  topics: string[];
  scale: number[];
  bias: number[];
  slope: number[];
  offset: number[];
}

/** Writes `model.json` and `weights.bin` (8-bit, topic-major) into a folder. */
export function saveCommentModel(folder: string, model: CommentModel): void {
  mkdirSync(folder, { recursive: true });
  const manifest: Manifest = {
    format: 'medex-comments-1',
    version: model.version,
    features: model.features,
    topics: [...COMMENT_TOPICS],
    scale: Array.from(model.scale),
    bias: Array.from(model.bias),
    slope: Array.from(model.slope),
    offset: Array.from(model.offset),
  };
  writeFileSync(path.join(folder, 'model.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  writeFileSync(path.join(folder, 'weights.bin'), model.weights);
}

/** Reads a saved comment model; 422 when the folder holds another format. */
export function loadCommentModel(folder: string): CommentModel {
  const manifest = JSON.parse(readFileSync(path.join(folder, 'model.json'), 'utf8')) as Manifest;
  const bytes = readFileSync(path.join(folder, 'weights.bin'));
  const fits =
    manifest.format === 'medex-comments-1' &&
    manifest.features === FEATURES &&
    manifest.topics.join() === COMMENT_TOPICS.join() &&
    bytes.length === FEATURES * COMMENT_TOPICS.length;
  if (!fits) {
    throw new AppError(
      'comment-model-format',
      {
        ru: 'Модель комментариев другого формата. Обучите её заново: medex fraud train-comments.',
        en: 'The comment model has another format. Train it again: medex fraud train-comments.',
      },
      { httpStatus: 422 },
    );
  }
  return {
    version: manifest.version,
    features: manifest.features,
    weights: new Int8Array(bytes.buffer, bytes.byteOffset, bytes.length),
    scale: Float64Array.from(manifest.scale),
    bias: Float64Array.from(manifest.bias),
    slope: Float64Array.from(manifest.slope),
    offset: Float64Array.from(manifest.offset),
  };
}
