import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { hashPassword } from '../api/http/passwords';
import type { Role } from '../models/access/roles';
import { isAppError } from '../models/errors';
import type { Pool } from '../prisma/pool';
import { firstOwners } from '../prisma/repositories/demo-owners';
import { insertUser } from '../prisma/repositories/users';

export interface DemoLogin {
  readonly login: string;
  readonly role: Role;
  readonly fullName: string | null;
}

const LOGINS: readonly DemoLogin[] = [
  { login: 'admin', role: 'administrator', fullName: null },
  { login: 'expert', role: 'medical-expert', fullName: 'Соколова Анна Викторовна' },
  { login: 'expert2', role: 'medical-expert', fullName: 'Лебедев Павел Игоревич' },
  { login: 'lead', role: 'lead-expert', fullName: 'Морозова Елена Дмитриевна' },
  { login: 'curator', role: 'curator-doctor', fullName: 'Кузнецов Олег Петрович' },
  { login: 'underwriter', role: 'underwriter', fullName: null },
  { login: 'senior', role: 'senior-underwriter', fullName: null },
  { login: 'analyst', role: 'analyst', fullName: null },
  { login: 'investigator', role: 'investigator', fullName: null },
  { login: 'clinic', role: 'clinic', fullName: null },
  { login: 'employer', role: 'employer', fullName: null },
  { login: 'insured', role: 'insured', fullName: null },
];

const savedPassword = z.object({ password: z.string() });

/** One account for each role, with a password that this installation made for itself. Known accounts stay. */
export async function ensureDemoLogins(
  pool: Pool,
  dataDir: string,
): Promise<{ readonly password: string; readonly logins: readonly DemoLogin[] }> {
  const password = demoPassword(dataDir);
  const owners = await firstOwners(pool);
  const logins = LOGINS.filter(({ role }) => role !== 'clinic' || owners.clinicId !== null)
    .filter(({ role }) => role !== 'employer' || owners.policyholderId !== null)
    .filter(({ role }) => role !== 'insured' || owners.policyId !== null);
  const missing = logins.filter(({ login }) => !owners.logins.includes(login));
  await Promise.all(
    missing.map(async ({ login, role, fullName }) => {
      const scope = {
        ...(role === 'clinic' ? { clinicId: owners.clinicId } : {}),
        ...(role === 'employer' ? { policyholderId: owners.policyholderId } : {}),
        ...(role === 'insured' ? { policyId: owners.policyId } : {}),
      };
      const passwordHash = await hashPassword(password, login);
      await insertUser(pool, { login, role, passwordHash, fullName, ...scope }).catch((error: unknown) => {
        if (!isAppError(error) || error.code !== 'login-taken') throw error;
      });
    }),
  );
  return { password, logins };
}

function demoPassword(dataDir: string): string {
  const file = join(dataDir, 'demo-logins.json');
  if (existsSync(file)) return savedPassword.parse(JSON.parse(readFileSync(file, 'utf8'))).password;
  const password = randomBytes(9).toString('base64url');
  writeFileSync(file, JSON.stringify({ password }), { mode: 0o600 });
  return password;
}
