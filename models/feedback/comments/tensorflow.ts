import * as path from 'node:path';
import type * as Tensorflow from '@tensorflow/tfjs';

/**
 * tfjs for training: the WebAssembly backend, which needs no native library and no download, else plain JavaScript.
 * Loaded on demand, so that nothing but training pays for it.
 */
export async function loadTensorflow(): Promise<typeof Tensorflow> {
  const tf = await import('@tensorflow/tfjs');
  try {
    const wasm = await import('@tensorflow/tfjs-backend-wasm');
    const folder = path.join(path.dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist');
    wasm.setWasmPaths(`${folder}${path.sep}`);
    await tf.setBackend('wasm');
    await tf.ready();
  } catch {
    await tf.setBackend('cpu');
    await tf.ready();
  }
  return tf;
}
