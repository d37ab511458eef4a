import { Connection } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { sleep } from './process-tools';
import type { SearchAttributeType } from './temporal-server';

const INDEXED = temporal.api.enums.v1.IndexedValueType;
/** Status codes of gRPC. */
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;
const RETENTION_SECONDS = 30 * 24 * 3600;

const TYPES: Record<SearchAttributeType, temporal.api.enums.v1.IndexedValueType> = {
  Text: INDEXED.INDEXED_VALUE_TYPE_TEXT,
  Keyword: INDEXED.INDEXED_VALUE_TYPE_KEYWORD,
  Int: INDEXED.INDEXED_VALUE_TYPE_INT,
  Double: INDEXED.INDEXED_VALUE_TYPE_DOUBLE,
  Bool: INDEXED.INDEXED_VALUE_TYPE_BOOL,
  Datetime: INDEXED.INDEXED_VALUE_TYPE_DATETIME,
  KeywordList: INDEXED.INDEXED_VALUE_TYPE_KEYWORD_LIST,
};

export interface NamespaceOptions {
  address: string;
  namespace: string;
  searchAttributes: Record<string, SearchAttributeType>;
}

/**
 * Makes sure that a Temporal server of the user's own has the namespace (workflows kept for 30 days after their end) and
 * the search attributes. Doing it again changes nothing.
 *
 * @throws when the server does not answer or refuses, for instance for lack of rights
 */
export async function prepareNamespace({ address, namespace, searchAttributes }: NamespaceOptions): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: 10_000 });
  try {
    if (!(await isThere(connection, namespace))) await register(connection, namespace);
    const known = await patiently(() => connection.operatorService.listSearchAttributes({ namespace }));
    const missing = Object.entries(searchAttributes).filter(([name]) => known.customAttributes?.[name] === undefined);
    if (missing.length === 0) return;
    const wanted = Object.fromEntries(missing.map(([name, type]) => [name, TYPES[type]]));
    await patiently(() => connection.operatorService.addSearchAttributes({ namespace, searchAttributes: wanted }));
  } finally {
    await connection.close();
  }
}

async function isThere(connection: Connection, namespace: string): Promise<boolean> {
  try {
    await connection.workflowService.describeNamespace({ namespace });
    return true;
  } catch (error) {
    if ((error as { code?: number }).code === NOT_FOUND) return false;
    throw error;
  }
}

async function register(connection: Connection, namespace: string): Promise<void> {
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: { seconds: RETENTION_SECONDS as never },
    });
  } catch (error) {
    if ((error as { code?: number }).code !== ALREADY_EXISTS) throw error;
  }
}

/** Parts of the server learn of a new namespace only some seconds after it was registered. */
async function patiently<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await call();
    } catch (error) {
      if ((error as { code?: number }).code !== NOT_FOUND || tries === 150) throw error;
      await sleep(200);
    }
  }
}
