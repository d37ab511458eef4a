import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { packageRoot } from '../prisma/files';

/** Where `medex up` keeps its data unless told otherwise. */
export function defaultDataDir(): string {
  return join(packageRoot(), '.medex', 'data');
}

/** How the commands of another terminal find the servers of a running `medex up`. */
export interface Connection {
  readonly databaseUrl: string;
  readonly temporalAddress: string;
  readonly temporalNamespace: string;
  readonly secret: string;
  readonly spoolDir: string;
}

const connectionFile = z.object({
  databaseUrl: z.string(),
  temporalAddress: z.string(),
  temporalNamespace: z.string(),
  secret: z.string(),
  spoolDir: z.string(),
});

export function writeConnection(dataDir: string, connection: Connection): void {
  writeFileSync(join(dataDir, 'connection.json'), JSON.stringify(connection), { mode: 0o600 });
}

/** The environment of child processes, and of commands that speak to the same installation. */
export function environmentOf(connection: Connection): Record<string, string> {
  return {
    DATABASE_URL: connection.databaseUrl,
    TEMPORAL_ADDRESS: connection.temporalAddress,
    TEMPORAL_NAMESPACE: connection.temporalNamespace,
    MEDEX_SECRET: connection.secret,
    MEDEX_SPOOL_DIR: connection.spoolDir,
    MEDEX_KEY_DIR: join(connection.spoolDir, '..', 'keys'),
  };
}

/** Fills in what the environment leaves open from the installation in the data folder, if there is one. */
export function useInstallation(dataDir: string | undefined, env: NodeJS.ProcessEnv = process.env): void {
  const file = join(resolve(dataDir ?? defaultDataDir()), 'connection.json');
  if (!existsSync(file)) {
    if (dataDir !== undefined) throw new Error(`No installation in ${dataDir}: start it with medex up --data-dir`);
    return;
  }
  const found = connectionFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  for (const [name, value] of Object.entries(environmentOf(found))) env[name] ??= value;
}

/** The secret of an installation: encrypts payloads and signs anchors. Made once, readable by its owner only. */
export function installationSecret(dataDir: string): string {
  const file = join(dataDir, 'secret');
  if (existsSync(file)) return readFileSync(file, 'utf8').trim();
  mkdirSync(dataDir, { recursive: true });
  const secret = randomBytes(32).toString('base64url');
  writeFileSync(file, `${secret}\n`, { mode: 0o600, flag: 'wx' });
  return secret;
}
