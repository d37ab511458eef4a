import { execFileSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** The account, other than root, that owns the cluster's files. */
export interface PostgresAccount {
  uid: number;
  gid: number;
}

export interface AccountCommand {
  file: string;
  args: string[];
  identity: { uid?: number; gid?: number };
}

/**
 * Account under which the server has to run: none for an ordinary user (it runs as that user); for root, who may not run
 * Postgres, the owner of an existing cluster, else `postgres`, made when the machine has no such account.
 */
export function postgresAccount(dataDir: string): PostgresAccount | undefined {
  if (process.getuid?.() !== 0) return undefined;
  if (existsSync(dataDir)) {
    const owner = statSync(dataDir);
    if (owner.uid !== 0) return { uid: owner.uid, gid: owner.gid };
  }
  return lookUp('postgres') ?? create() ?? lookUp('nobody') ?? missingAccount();
}

/**
 * The command as the account shall run it. When root keeps the program or the data below a folder that is closed to
 * others (typically /root), the account could not even reach them: then the process keeps the one capability that lets
 * it pass, and nothing else.
 */
export function wrapForAccount(file: string, args: string[], account: PostgresAccount | undefined): AccountCommand {
  if (account === undefined) return { file, args, identity: {} };
  const data =
    args.find((arg) => arg.startsWith('--pgdata='))?.slice('--pgdata='.length) ?? args[args.indexOf('-D') + 1]!;
  if (isReachable(file, account) && isReachable(dirname(data), account)) return { file, args, identity: account };
  const flags = ['--clear-groups', '--inh-caps=+dac_override', '--ambient-caps=+dac_override', '--'];
  return {
    file: 'setpriv',
    args: [`--reuid=${account.uid}`, `--regid=${account.gid}`, ...flags, file, ...args],
    identity: {},
  };
}

function isReachable(path: string, account: PostgresAccount): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'test -x "$0"', path], {
      uid: account.uid,
      gid: account.gid,
      stdio: 'ignore',
      cwd: '/',
    });
    return true;
  } catch {
    return false;
  }
}

function lookUp(name: string): PostgresAccount | undefined {
  try {
    const ask = (flag: string): number =>
      Number(execFileSync('id', [flag, name], { stdio: ['ignore', 'pipe', 'ignore'] }));
    return { uid: ask('-u'), gid: ask('-g') };
  } catch {
    return undefined;
  }
}

function create(): PostgresAccount | undefined {
  try {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', 'postgres'], { stdio: 'ignore' });
    return lookUp('postgres');
  } catch {
    return undefined;
  }
}

function missingAccount(): never {
  throw new Error('Postgres refuses to run as root and no account could be made: start as an ordinary user');
}
