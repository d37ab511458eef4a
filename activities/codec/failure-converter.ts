import { DefaultFailureConverter } from '@temporalio/common';

/**
 * Moves messages and stack traces of failures into the encoded part, where the codec encrypts them. Loaded by path, in
 * clients and workers and inside the workflow bundle: it may import nothing else.
 */
export const failureConverter = new DefaultFailureConverter({ encodeCommonAttributes: true });
