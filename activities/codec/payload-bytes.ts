import { temporal } from '@temporalio/proto';
import type { Payload } from '@temporalio/common';

/** A payload as the bytes of its protobuf message, and back. */
export const proto3 = {
  encode: (payload: Payload): Uint8Array => temporal.api.common.v1.Payload.encode(payload).finish(),
  decode: (bytes: Uint8Array): Payload => temporal.api.common.v1.Payload.decode(bytes),
};
