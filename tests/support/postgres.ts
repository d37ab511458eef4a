import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedPostgres } from '../../cli/runtime/embedded-postgres';
import { applyMigrations } from '../../prisma/migrate';
import { asAdmin } from './env';

/** The Postgres of one test run: its own cluster in a temporary folder, or the server that DATABASE_URL names. */
export interface PostgresOfRun {
  adminUrl: string;
  template: string;
  close(): Promise<void>;
}

/** Starts the server and migrates the template once, from which every test file gets its copy. */
export async function startPostgresOfRun(): Promise<PostgresOfRun> {
  const template = `medex_template_${process.pid}`;
  const given = process.env.DATABASE_URL;
  if (given !== undefined && given !== '') {
    await makeTemplate(given, template);
    return { adminUrl: given, template, close: () => asAdmin(given, `DROP DATABASE IF EXISTS ${template}`) };
  }
  const folder = mkdtempSync(join(tmpdir(), 'medex-test-'));
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'pg'), database: 'postgres', durable: false });
  await makeTemplate(server.url, template);
  return {
    adminUrl: server.url,
    template,
    close: async () => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function makeTemplate(adminUrl: string, template: string): Promise<void> {
  await asAdmin(adminUrl, `DROP DATABASE IF EXISTS ${template}`);
  await asAdmin(adminUrl, `CREATE DATABASE ${template}`);
  const url = new URL(adminUrl);
  url.pathname = `/${template}`;
  await applyMigrations(url.toString());
}
