import { dirname, join } from 'node:path';
import type * as Tf from '@tensorflow/tfjs';
import { AppError } from '../errors';

export type TensorFlow = typeof Tf;
export type BackendName = 'native' | 'wasm' | 'cpu';

export interface Backend {
  readonly tf: TensorFlow;
  readonly name: BackendName;
}

/**
 * Opens TensorFlow: `native` (tfjs-node), `wasm` (same files, no compiler needed) or `cpu` (plain JavaScript, for
 * tests). Without a name the best that loads is taken.
 *
 * @throws AppError UNDERWRITING_BACKEND when the named one cannot be loaded
 */
export async function openBackend(name?: BackendName): Promise<Backend> {
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  const order: readonly BackendName[] = name === undefined ? ['native', 'wasm', 'cpu'] : [name];
  let cause: unknown;
  for (const candidate of order) {
    try {
      return { tf: await OPENERS[candidate](), name: candidate };
    } catch (error) {
      cause = error;
    }
  }
  throw new AppError(
    'UNDERWRITING_BACKEND',
    {
      ru: `TensorFlow (${order.join(', ')}) не загружается: выполните npm run setup`,
      en: `TensorFlow (${order.join(', ')}) does not load: run npm run setup`,
    },
    { httpStatus: 500, cause },
  );
}

const OPENERS: Readonly<Record<BackendName, () => Promise<TensorFlow>>> = {
  native: async () => {
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- the native package is absent on some machines
    const tf = require('@tensorflow/tfjs-node') as TensorFlow;
    await activate(tf, 'tensorflow');
    return tf;
  },
  wasm: async () => {
    const tf = require('@tensorflow/tfjs') as TensorFlow;
    const wasm = require('@tensorflow/tfjs-backend-wasm') as { setWasmPaths: (folder: string) => void };
    wasm.setWasmPaths(join(dirname(require.resolve('@tensorflow/tfjs-backend-wasm/package.json')), 'dist') + '/');
    await activate(tf, 'wasm');
    return tf;
  },
  cpu: async () => {
    const tf = require('@tensorflow/tfjs') as TensorFlow;
    await activate(tf, 'cpu');
    return tf;
  },
};

async function activate(tf: TensorFlow, backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`TensorFlow backend ${backend} refused`);
  await tf.ready();
}
