import { join } from 'node:path';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Where the upload of this id waits. The id is the only part of the name: what the sender called the file never is. */
export function spoolPath(folder: string, fileId: string): string {
  if (!UUID.test(fileId)) throw new Error('a spool file is named by a UUID');
  return join(folder, fileId);
}
