import { createHmac, timingSafeEqual } from 'node:crypto';

const MAC_BYTES = 16;

function macOf(secret: string, id: Buffer): Buffer {
  return createHmac('sha256', secret).update('survey-link\u0000').update(id).digest().subarray(0, MAC_BYTES);
}

/** The secret part of a survey's link: the opaque id and a 128-bit signature, 43 characters of base64url. */
export function surveyToken(secret: string, surveyId: string): string {
  const id = Buffer.from(surveyId.replaceAll('-', ''), 'hex');
  return Buffer.concat([id, macOf(secret, id)]).toString('base64url');
}

/** The survey that a link names; null for anything that was not signed with this secret. */
export function readSurveyToken(secret: string, token: string): string | null {
  const bytes = Buffer.from(token, 'base64url');
  if (bytes.length !== 16 + MAC_BYTES || bytes.toString('base64url') !== token) return null;
  const id = bytes.subarray(0, 16);
  if (!timingSafeEqual(macOf(secret, id), bytes.subarray(16))) return null;
  const hex = id.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
