import { startPostgresOfRun } from './postgres';
import { startTemporalOfRun } from './temporal';

/** What the teardown has to end; jest runs both in the same process. */
export interface ServersOfRun {
  medexTestServers?: { close(): Promise<void> }[];
}

/**
 * One Postgres and one Temporal for the whole run, started side by side. MEDEX_TEST_SERVERS=off leaves both out for a
 * quick look at pure code; a test that needs one then fails and says so.
 */
// oxlint-disable-next-line import/no-default-export -- jest looks for it
export default async function globalSetup(): Promise<void> {
  if (process.env.MEDEX_TEST_SERVERS === 'off') return;
  const started = await Promise.allSettled([startPostgresOfRun(), startTemporalOfRun()]);
  const running = started.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  (globalThis as ServersOfRun).medexTestServers = running;
  const [postgres, temporal] = started;
  if (postgres.status === 'rejected' || temporal.status === 'rejected') {
    await Promise.all(running.map((server) => server.close()));
    const failed = started.filter((one) => one.status === 'rejected');
    throw new Error(`The tests' servers do not start: ${failed.map((one) => String(one.reason)).join('\n')}`);
  }
  process.env.MEDEX_TEST_DATABASE_URL = postgres.value.adminUrl;
  process.env.MEDEX_TEST_TEMPLATE = postgres.value.template;
  process.env.MEDEX_TEST_TEMPORAL_ADDRESS = temporal.value.address;
  process.env.MEDEX_TEST_TEMPORAL_NAMESPACE = temporal.value.namespace;
}
