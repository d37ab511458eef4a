import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** A text file with the name under which the schema engine shall mention it. */
export interface NamedText {
  path: string;
  content: string;
}

/** One folder of prisma/migrations. */
export interface MigrationText {
  name: string;
  sql: string;
}

/**
 * Folder that holds package.json. Source files and their compiled copies in dist/ find the same folder, so that SQL,
 * schema and data files need not be copied by the build.
 */
export function packageRoot(): string {
  let folder = __dirname;
  while (!existsSync(join(folder, 'package.json'))) {
    const parent = dirname(folder);
    if (parent === folder) throw new Error(`No package.json above ${__dirname}`);
    folder = parent;
  }
  return folder;
}

/** Every file of prisma/schema, in name order. */
export function readSchemaFiles(): NamedText[] {
  const folder = join(packageRoot(), 'prisma', 'schema');
  return readdirSync(folder)
    .filter((name) => name.endsWith('.prisma'))
    .toSorted()
    .map((name) => ({ path: name, content: readFileSync(join(folder, name), 'utf8') }));
}

/** Every migration in the order in which it is applied (folder names start with a timestamp). */
export function readMigrations(): MigrationText[] {
  const folder = join(packageRoot(), 'prisma', 'migrations');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(folder, entry.name, 'migration.sql')))
    .map((entry) => entry.name)
    .toSorted()
    .map((name) => ({ name, sql: readFileSync(join(folder, name, 'migration.sql'), 'utf8') }));
}
