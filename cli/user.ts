import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';
import { loadConfig } from '../config';
import { hashPassword } from '../api/http/passwords';
import { ROLES } from '../models/access/roles';
import type { Role } from '../models/access/roles';
import { withTransaction } from '../prisma/pool';
import { appendAudit } from '../prisma/repositories/audit';
import { insertUser, listUsers } from '../prisma/repositories/users';
import { ownerOptions, ownerOf } from './owner-options';
import type { OwnerFlags } from './owner-options';
import { print, withDatabase } from './with-database';

interface AddFlags extends OwnerFlags {
  readonly login: string;
  readonly role: Role;
  readonly password?: string;
  readonly fullName?: string;
  readonly skill?: string[];
  readonly json?: boolean;
}

/** `medex user add | list`: local accounts from the shell, for the first administrator and for scripts. */
export function registerUserCommands(program: Command): void {
  const user = program.command('user').description('local accounts');
  const add = user
    .command('add')
    .description('add an account; the password comes from --password or MEDEX_PASSWORD')
    .requiredOption('--login <login>', 'name to log in with')
    .requiredOption('--role <role>', ROLES.join(' | '), roleOf)
    .option('--password <password>', 'visible in the process list: MEDEX_PASSWORD is the safer way')
    .option('--full-name <name>', "a doctor's name, as verdicts and acts show it")
    .option('--skill <code...>', "a doctor's fields, e.g. dentistry")
    .option('--json', 'print the account as JSON');
  ownerOptions(add).action(async (flags: AddFlags) => {
    const config = loadConfig();
    const secret = flags.password ?? config.MEDEX_PASSWORD;
    if (secret === undefined) throw new Error('Give --password or MEDEX_PASSWORD');
    const passwordHash = await hashPassword(secret, flags.login);
    const added = await withDatabase(config, (pool) =>
      withTransaction(pool, async (tx) => {
        const input = { login: flags.login, role: flags.role, passwordHash, ...ownerOf(flags) };
        const account = await insertUser(tx, { ...input, fullName: flags.fullName ?? null, skills: flags.skill ?? [] });
        const facts = { role: account.role };
        await appendAudit(tx, {
          kind: 'change',
          action: 'user:manage',
          actor: 'cli',
          subjectType: 'user',
          subjectIds: [account.id],
          facts,
        });
        return account;
      }),
    );
    print(flags.json, added, `${added.id}  ${added.login}  ${added.role}`);
  });
  user
    .command('list')
    .description('list accounts')
    .option('--role <role>', 'of one role only', roleOf)
    .option('--json', 'print as JSON')
    .action(async (flags: { role?: Role; json?: boolean }) => {
      const users = await withDatabase(loadConfig(), (pool) => listUsers(pool, { role: flags.role, limit: 10_000 }));
      const lines = users.map((one) => `${one.id}  ${one.login}  ${one.role}  ${one.status}`);
      print(flags.json, users, lines.join('\n'));
    });
}

/** @throws when the name is no role; says which there are */
export function roleOf(name: string): Role {
  const role = ROLES.find((candidate) => candidate === name);
  if (role === undefined) throw new InvalidArgumentError(`Unknown role ${name}. Roles: ${ROLES.join(', ')}`);
  return role;
}
