import type { DataConverter } from '@temporalio/common';
import { codecKey, createEncryptionCodec } from './encryption';

/** Module of the failure converter; the workflow bundle has to be built with it too. */
export const FAILURE_CONVERTER_PATH = require.resolve('./failure-converter');

/**
 * The data converter of every client and worker: payloads are encrypted, and so are the messages and stacks of
 * failures, which Temporal would keep in plain text otherwise.
 *
 * @param secret the installation's MEDEX_SECRET
 */
export function createDataConverter(secret: string): DataConverter {
  return {
    payloadCodecs: [createEncryptionCodec([codecKey(secret)])],
    failureConverterPath: FAILURE_CONVERTER_PATH,
  };
}
