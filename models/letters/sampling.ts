/**
 * Is this trusted-lane request in the after-sample? Decided by the id alone (FNV-1a), so that a replay or a retry
 * decides the same.
 * @param share 0-1
 */
export function isSampled(requestId: string, share: number): boolean {
  let hash = 0x811c9dc5;
  for (let i = 0; i < requestId.length; i += 1) {
    hash = Math.imul(hash ^ requestId.charCodeAt(i), 0x01000193);
  }
  return (hash >>> 0) / 2 ** 32 < share;
}
