import { join } from 'node:path';
import type { MigrationList, SchemaFilter } from '@prisma/schema-engine-wasm';
import { Client } from 'pg';
import { packageRoot, readMigrations, readSchemaFiles } from './files';
import { withEngine } from './schema-engine';

/** Any number that nobody else uses for pg_advisory_lock: two processes that start together migrate one by one. */
const MIGRATION_LOCK = 7_262_026;
const NOTHING_EXTERNAL: SchemaFilter = { externalTables: [], externalEnums: [] };

/**
 * Applies the migrations that the database lacks, in name order, and returns their names (empty when up to date).
 *
 * Does what `prisma migrate deploy` does, with the same `_prisma_migrations` table, but through the WebAssembly build of
 * the schema engine, because the native one is a download that a company network may refuse.
 *
 * @param url connection string of the database to migrate; the database has to exist
 * @throws when a migration fails (the message names it; the next call tries it again) or was edited after it was applied
 */
export async function applyMigrations(url: string): Promise<string[]> {
  return withLock(url, async (client) => {
    const wanted = readMigrations().map((migration) => migration.name);
    if (await isUpToDate(client, wanted)) return [];
    return withEngine(url, async (engine) => {
      const migrationsList = migrationList();
      const diagnose = { migrationsList, filters: NOTHING_EXTERNAL, optInToShadowDatabase: false };
      const { failedMigrationNames } = await engine.diagnoseMigrationHistory(diagnose);
      // A script runs as one transaction, so an unfinished one has left nothing behind and can be tried again.
      for (const migrationName of failedMigrationNames) await engine.markMigrationRolledBack({ migrationName });
      const { editedMigrationNames: edited } = await engine.diagnoseMigrationHistory(diagnose);
      if (edited.length > 0) throw new Error(`Migration edited after it was applied: ${edited.join(', ')}`);
      const applied = await engine.applyMigrations({ migrationsList, filters: NOTHING_EXTERNAL });
      return applied.appliedMigrationNames;
    });
  });
}

/** Names of the migrations that the database at `url` still lacks. */
export async function pendingMigrations(url: string): Promise<string[]> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const applied = new Set(await appliedNames(client));
    return readMigrations()
      .map((migration) => migration.name)
      .filter((name) => !applied.has(name));
  } finally {
    await client.end();
  }
}

/**
 * SQL that would turn the migrated database into what prisma/schema says; an empty string means that hand-written
 * migrations and schema files agree. Things Prisma has no words for do not count: see prisma/README.md.
 */
export async function schemaDrift(url: string): Promise<string> {
  const diff = await withEngine(url, async (engine) => {
    const files = readSchemaFiles();
    const result = await engine.diff({
      from: { tag: 'schemaDatasource', files, configDir: packageRoot() },
      to: { tag: 'schemaDatamodel', files },
      script: true,
      filters: NOTHING_EXTERNAL,
      exitCode: null,
    });
    return result.stdout ?? '';
  });
  const isEmpty = !/^(?!--)\S/m.test(diff);
  return isEmpty ? '' : withoutSqlOnly(diff, await sqlOnlyNames(url));
}

/** Names of tables, columns and indexes whose comment says that they live in SQL alone. */
async function sqlOnlyNames(url: string): Promise<Set<string>> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const found = await client.query<{ name: string }>(
      `SELECT coalesce(a.attname, c.relname)::text AS name
         FROM pg_description d
         JOIN pg_class c ON c.oid = d.objoid AND d.classoid = 'pg_class'::regclass
         LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.objsubid AND d.objsubid > 0
        WHERE d.description ILIKE 'sql only%'`,
    );
    return new Set(found.rows.map((row) => row.name));
  } finally {
    await client.end();
  }
}

/** The diff less the statements that only drop things marked as "sql only". */
function withoutSqlOnly(diff: string, names: Set<string>): string {
  const isDeliberate = (block: string): boolean => {
    const dropped = [...block.matchAll(/DROP (?:INDEX|TABLE|COLUMN) "([^"]+)"/g)].map((match) => match[1]!);
    const clauses = block.split(/,\n|;\n|;$/).filter((clause) => clause.trim() !== '').length;
    return dropped.length === clauses && dropped.every((name) => names.has(name));
  };
  const blocks = diff.split(/\n\n(?=-- )/);
  return blocks.filter((block) => !isDeliberate(block)).join('\n\n');
}

async function isUpToDate(client: Client, wanted: string[]): Promise<boolean> {
  const applied = new Set(await appliedNames(client));
  return applied.size === wanted.length && wanted.every((name) => applied.has(name));
}

async function appliedNames(client: Client): Promise<string[]> {
  const exists = await client.query<{ known: boolean }>(
    `SELECT to_regclass('_prisma_migrations') IS NOT NULL AS known`,
  );
  if (exists.rows[0]?.known !== true) return [];
  const rows = await client.query<{ migration_name: string }>(
    'SELECT migration_name FROM _prisma_migrations WHERE finished_at IS NOT NULL AND rolled_back_at IS NULL',
  );
  return rows.rows.map((row) => row.migration_name);
}

function migrationList(): MigrationList {
  return {
    baseDir: join(packageRoot(), 'prisma', 'migrations'),
    lockfile: { path: 'migration_lock.toml', content: 'provider = "postgresql"\n' },
    shadowDbInitScript: '',
    migrationDirectories: readMigrations().map((migration) => ({
      path: migration.name,
      migrationFile: { path: 'migration.sql', content: { tag: 'ok', value: migration.sql } },
    })),
  };
}

async function withLock<T>(url: string, work: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: 'medex-migrate' });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock($1)', [MIGRATION_LOCK]);
    return await work(client);
  } finally {
    await client.end();
  }
}
