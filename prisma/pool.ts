import { Pool, types } from 'pg';
import type { PoolClient, QueryResult, QueryResultRow } from 'pg';

export type { Pool, PoolClient } from 'pg';

export interface PreparedQuery {
  readonly name: string;
  readonly text: string;
  // pg's own type is a mutable array.
  readonly values: unknown[];
}

/** What repositories take: the pool (autocommit) or the client of an open transaction. */
export interface Queryable {
  query<R extends QueryResultRow = QueryResultRow>(text: string, values?: unknown[]): Promise<QueryResult<R>>;
  /** With a name: parsed and planned once per connection, for statements on the way of a waiting caller. */
  query<R extends QueryResultRow = QueryResultRow>(prepared: PreparedQuery): Promise<QueryResult<R>>;
}

export interface PoolOptions {
  readonly connectionString: string;
  readonly applicationName: string;
  /** The sum over all processes has to stay under max_connections; Temporal takes its own share. */
  readonly max?: number;
  /** 0 = none: for bulk loads. */
  readonly statementTimeoutMs?: number;
  readonly connectionTimeoutMs?: number;
}

const OID = { int8: 20, date: 1082, timestamptz: 1184 } as const;

/**
 * Rows come back as plain JSON values: int8 as number (throws beyond 2^53: kopecks and counts never get there),
 * date as 'YYYY-MM-DD', timestamptz as ISO string in UTC.
 */
const jsonTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): (value: never) => unknown {
    if (oid === OID.int8) return parseInt8;
    if (oid === OID.date) return (value: string) => value;
    if (oid === OID.timestamptz) return (value: string) => new Date(value).toISOString();
    return types.getTypeParser(oid, format as 'text') as (value: never) => unknown;
  },
};

/** One pool per process, shared by every repository. Waiting for a connection ends in an error, never in a hang. */
export function createPool(options: PoolOptions): Pool {
  const pool = new Pool({
    connectionString: options.connectionString,
    application_name: options.applicationName,
    max: options.max ?? 10,
    connectionTimeoutMillis: options.connectionTimeoutMs ?? 5_000,
    idleTimeoutMillis: 30_000,
    statement_timeout: options.statementTimeoutMs ?? 30_000,
    types: jsonTypes as never,
  });
  // An idle client that loses its server emits here; without a listener the process would die.
  pool.on('error', () => undefined);
  // The same for a client that somebody holds between two statements: its next query fails, the process lives on.
  pool.on('connect', (client) => void client.on('error', () => undefined));
  return pool;
}

/** Runs `work` in one transaction: commits its result, rolls back on any error. Never call Temporal inside. */
export async function withTransaction<T>(pool: Pool, work: (tx: PoolClient) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  const onLost = (error: Error): void => {
    broken = error;
  };
  client.on('error', onLost);
  try {
    await client.query('BEGIN');
    const result = await work(client);
    await client.query('COMMIT');
    return result;
  } catch (error) {
    await client.query('ROLLBACK').catch((rollbackError: Error) => {
      broken = rollbackError;
    });
    throw error;
  } finally {
    client.off('error', onLost);
    client.release(broken);
  }
}

/** From here to the end of the transaction each statement may take so many milliseconds (0: no limit). */
export async function setStatementTimeout(tx: Queryable, ms: number): Promise<void> {
  await tx.query(`SET LOCAL statement_timeout = ${ms}`);
}

/** True when the database answers a statement. */
export async function databaseAnswers(db: Queryable): Promise<boolean> {
  return (await db.query('SELECT 1')).rowCount === 1;
}

function parseInt8(value: string): number {
  const parsed = Number(value);
  if (!Number.isSafeInteger(parsed)) throw new RangeError('int8 value is beyond the safe integer range');
  return parsed;
}
