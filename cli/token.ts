import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { newToken } from '../api/http/tokens';
import { refuseUnfitRole } from '../api/routes/api-keys';
import { loadConfig } from '../config';
import type { Role } from '../models/access/roles';
import { withTransaction } from '../prisma/pool';
import { insertApiKey, listApiKeys, revokeApiKey } from '../prisma/repositories/api-keys';
import { appendAudit } from '../prisma/repositories/audit';
import type { OwnerFlags } from './owner-options';
import { ownerOf, ownerOptions, wholeNumber } from './owner-options';
import { roleOf } from './user';
import { print, withDatabase } from './with-database';

interface IssueFlags extends OwnerFlags {
  readonly name: string;
  readonly role: Role;
  readonly days: number;
  readonly json?: boolean;
}

/** `medex token issue | list | revoke`: API keys for machines. */
export function registerTokenCommands(program: Command): void {
  const token = program.command('token').description('API keys for machines');
  const issue = token
    .command('issue')
    .description('issue a key; it is shown once and kept as a hash only')
    .requiredOption('--name <name>', 'what it is for')
    .requiredOption(
      '--role <role>',
      'administrator | analyst | underwriter | investigator | clinic | employer | insured',
      roleOf,
    )
    .option('--days <days>', 'valid for', wholeNumber, 365)
    .option('--json', 'print as JSON');
  ownerOptions(issue).action(async (flags: IssueFlags) => {
    const { role } = flags;
    refuseUnfitRole(role, ownerOf(flags));
    const fresh = newToken('apiKey');
    const key = await withDatabase(loadConfig(), (pool) =>
      withTransaction(pool, async (tx) => {
        const input = { name: flags.name, role, days: flags.days, keyHash: fresh.hash, createdBy: 'cli' };
        const made = await insertApiKey(tx, { ...input, ...ownerOf(flags) });
        await appendAudit(tx, {
          kind: 'change',
          action: 'api-key:manage',
          actor: 'cli',
          subjectType: 'api-key',
          subjectIds: [made.id],
          facts: { role },
        });
        return made;
      }),
    );
    print(flags.json, { ...key, token: fresh.token }, fresh.token);
  });
  token
    .command('list')
    .description('list keys (never the keys themselves)')
    .option('--json', 'print as JSON')
    .action(async (flags: { json?: boolean }) => {
      const keys = await withDatabase(loadConfig(), (pool) => listApiKeys(pool, null, 10_000));
      const state = (revokedAt: string | null): string => (revokedAt === null ? 'live' : 'revoked');
      const lines = keys.map((key) => `${key.id}  ${key.role}  ${state(key.revokedAt)}  ${key.expiresAt}  ${key.name}`);
      print(flags.json, keys, lines.join('\n'));
    });
  token
    .command('revoke')
    .argument('<id>', 'id of the key', keyIdOf)
    .description('revoke a key at once')
    .option('--json', 'print as JSON')
    .action(async (id: string, flags: { json?: boolean }) => {
      const revoked = await withDatabase(loadConfig(), (pool) =>
        withTransaction(pool, async (tx) => {
          const done = await revokeApiKey(tx, id);
          const event = { kind: 'change', action: 'api-key:manage', actor: 'cli', subjectType: 'api-key' } as const;
          if (done) await appendAudit(tx, { ...event, subjectIds: [id], facts: { revoked: true } });
          return done;
        }),
      );
      print(flags.json, { id, revoked }, revoked ? 'revoked' : 'no such live key');
      if (!revoked) process.exitCode = 3;
    });
}

function keyIdOf(text: string): string {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text))
    throw new InvalidArgumentError('an id as `token list` prints it');
  return text;
}
