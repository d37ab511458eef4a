import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import type { MigrationList, SchemaEngine, SchemaFilter } from '@prisma/schema-engine-wasm';
import type * as EngineBindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import { Client } from 'pg';
import { packageRoot, readMigrations, readSchemaFiles } from './files';

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
 * @throws when a migration fails (the failed one is named and marked in the table), was edited after it was applied, or
 *   is known to the database but not to this build
 */
export async function applyMigrations(url: string): Promise<string[]> {
  return withLock(url, async (client) => {
    const wanted = readMigrations().map((migration) => migration.name);
    if (await isUpToDate(client, wanted)) return [];
    return withEngine(url, async (engine) => {
      const migrationsList = migrationList();
      const history = await engine.diagnoseMigrationHistory({
        migrationsList,
        filters: NOTHING_EXTERNAL,
        optInToShadowDatabase: false,
      });
      if (history.failedMigrationNames.length > 0) {
        throw new Error(`Migration failed earlier, repair it by hand: ${history.failedMigrationNames.join(', ')}`);
      }
      if (history.editedMigrationNames.length > 0) {
        throw new Error(`Migration edited after it was applied: ${history.editedMigrationNames.join(', ')}`);
      }
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
 * migrations and schema files agree. Things Prisma has no words for (views, partial indexes, checks, triggers) do not
 * count: see prisma/README.md.
 */
export async function schemaDrift(url: string): Promise<string> {
  return withEngine(url, async (engine) => {
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

async function withEngine<T>(url: string, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const { SchemaEngine: Engine } = await loadEngineModule();
  const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaPg({ connectionString: url }));
  const datamodels = readSchemaFiles().map((file): [string, string] => [file.path, file.content]);
  const engine = await Engine.new({ datamodels }, () => undefined, adapter);
  try {
    return await work(engine);
  } finally {
    engine.free();
  }
}

type EngineModule = typeof EngineBindings & {
  __wbg_set_wasm(exports: Record<string, unknown>): void;
};

/** The two calls used of a global that only the DOM library declares. */
interface WebAssemblyGlobal {
  compile: (bytes: Uint8Array) => Promise<object>;
  instantiate: (module: object, imports: object) => Promise<{ exports: Record<string, unknown> }>;
}

let engineModule: Promise<EngineModule> | undefined;

/** The package's own entry imports the .wasm file as a module, which Node does not do without a flag. */
function loadEngineModule(): Promise<EngineModule> {
  engineModule ??= (async () => {
    const script = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg');
    const engine = (await import('@prisma/schema-engine-wasm/schema_engine_bg')) as EngineModule;
    const { compile, instantiate } = (globalThis as unknown as { WebAssembly: WebAssemblyGlobal }).WebAssembly;
    const compiled = await compile(readFileSync(join(dirname(script), 'schema_engine_bg.wasm')));
    const instance = await instantiate(compiled, { './schema_engine_bg.js': engine });
    engine.__wbg_set_wasm(instance.exports);
    (instance.exports.__wbindgen_start as () => void)();
    return engine;
  })();
  return engineModule;
}
