import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { PrismaPg } from '@prisma/adapter-pg';
import { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } from '@prisma/driver-adapter-utils';
import type { SchemaEngine } from '@prisma/schema-engine-wasm';
import type * as EngineBindings from '@prisma/schema-engine-wasm/schema_engine_bg';
import { type DatabaseError, Pool, type QueryResult } from 'pg';
import { readSchemaFiles } from './files';

/** Type numbers of Postgres: the one-byte "char" of the system catalogue, and text. */
const CATALOGUE_CHAR = 18;
const TEXT = 25;

/**
 * Lends a Prisma schema engine that is connected to the database at `url`: the WebAssembly build, which comes with npm,
 * where the native one is a download.
 *
 * @throws the database's own words when a script of the engine fails
 */
export async function withEngine<T>(url: string, work: (engine: SchemaEngine) => Promise<T>): Promise<T> {
  const failures: Error[] = [];
  const pool = new Pool({ connectionString: url, max: 2, application_name: 'medex-migrate' });
  const { SchemaEngine: Engine } = await loadEngineModule();
  const adapter = bindMigrationAwareSqlAdapterFactory(repairedAdapter(pool, failures));
  const datamodels = readSchemaFiles().map((file): [string, string] => [file.path, file.content]);
  const engine = await Engine.new({ datamodels }, () => undefined, adapter);
  try {
    return await work(engine);
  } catch (error) {
    const failure = failures.at(-1);
    const place = /migration_name="([^"]+)"/.exec(String((error as Error).message))?.[1];
    if (failure === undefined) throw error;
    throw new Error(`Migration ${place ?? ''} failed: ${failure.message}`, { cause: failure });
  } finally {
    engine.free();
    await pool.end();
  }
}

/**
 * The adapter with two repairs. It cuts scripts at every semicolon, which breaks function bodies: sent as one message
 * instead, a migration is also one transaction. And it does not know the catalogue's type "char" (oid 18), without which
 * the engine cannot describe a database.
 */
function repairedAdapter(pool: Pool, failures: Error[]): PrismaPg {
  const query = pool.query.bind(pool) as (...args: unknown[]) => Promise<QueryResult>;
  const characters = new WeakMap<object, Set<string>>();
  pool.query = (async (...args: unknown[]) => {
    const result = await query(...args);
    const found = (result.fields ?? []).filter((field) => field.dataTypeID === CATALOGUE_CHAR);
    if (found.length > 0) characters.set(result.rows, new Set(found.map((field) => field.name)));
    for (const field of found) field.dataTypeID = TEXT;
    return result;
  }) as unknown as typeof pool.query;

  const factory = new PrismaPg(pool);
  const connect = factory.connect.bind(factory);
  factory.connect = async () => {
    const connection = await connect();
    const queryRaw = connection.queryRaw.bind(connection);
    connection.queryRaw = async (request) => {
      const result = await queryRaw(request);
      const names = characters.get(result.rows);
      const columnTypes = result.columnTypes.map((type, i) =>
        names?.has(result.columnNames[i]!) ? ColumnTypeEnum.Character : type,
      );
      return { ...result, columnTypes };
    };
    connection.executeScript = async (script) => {
      try {
        await query(script);
      } catch (error) {
        failures.push(new Error(describe(script, error as DatabaseError), { cause: error }));
        throw error;
      }
    };
    return connection;
  };
  return factory;
}

function describe(script: string, error: DatabaseError): string {
  const line = error.position && `line ${script.slice(0, Number(error.position)).split('\n').length}`;
  return [error.message, line, error.detail, error.hint].filter(Boolean).join('; ');
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
    const instance = await instantiate(compiled, { './schema_engine_bg.js': withIdleTimers(engine) });
    engine.__wbg_set_wasm(instance.exports);
    (instance.exports.__wbindgen_start as () => void)();
    return engine;
  })();
  return engineModule;
}

/** The engine never clears the ten-second timer of its advisory lock; unreferenced, it does not hold the process up. */
function withIdleTimers(imports: object): object {
  const isTimer = ([name]: [string, unknown]): boolean => name.startsWith('__wbg_setTimeout');
  const timers = Object.entries(imports).filter(isTimer) as [string, (...args: unknown[]) => NodeJS.Timeout][];
  const idle = timers.map(([name, start]) => [name, (...args: unknown[]) => start(...args).unref()]);
  return { ...imports, ...Object.fromEntries(idle) };
}
