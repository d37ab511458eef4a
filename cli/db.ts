import type { Command } from 'commander';
import { loadConfig } from '../config';
import { applyMigrations, pendingMigrations } from '../prisma/migrate';
import { print } from './with-database';

/** `medex db migrate | status`. Exit code 3: migrations are pending. */
export function registerDbCommands(program: Command): void {
  const db = program.command('db').description('схема базы данных / the database schema');
  db.command('migrate')
    .description('применить недостающие миграции / apply the migrations that the database lacks')
    .option('--database-url <url>', 'Postgres (default: DATABASE_URL)')
    .option('--json', 'print the applied migrations as JSON')
    .action(async (flags: { databaseUrl?: string; json?: boolean }) => {
      const applied = await applyMigrations(urlOf(flags.databaseUrl));
      print(flags.json, { applied }, applied.length === 0 ? 'up to date' : `applied:\n  ${applied.join('\n  ')}`);
    });
  db.command('status')
    .description('какие миграции не применены / which migrations are pending')
    .option('--database-url <url>', 'Postgres (default: DATABASE_URL)')
    .option('--json', 'print as JSON')
    .action(async (flags: { databaseUrl?: string; json?: boolean }) => {
      const pending = await pendingMigrations(urlOf(flags.databaseUrl));
      print(flags.json, { pending }, pending.length === 0 ? 'up to date' : `pending:\n  ${pending.join('\n  ')}`);
      if (pending.length > 0) process.exitCode = 3;
    });
}

function urlOf(given: string | undefined): string {
  const url = given ?? loadConfig().DATABASE_URL;
  if (url === undefined) throw new Error('No database: give --database-url or set DATABASE_URL');
  return url;
}
