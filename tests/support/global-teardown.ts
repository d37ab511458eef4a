import type { ServersOfRun } from './global-setup';

/** Ends what global-setup.ts started. A run that is killed hard is cleaned up by the guard of guarded-spawn.ts. */
// oxlint-disable-next-line import/no-default-export -- jest looks for it
export default async function globalTeardown(): Promise<void> {
  await Promise.all(((globalThis as ServersOfRun).medexTestServers ?? []).map((server) => server.close()));
}
