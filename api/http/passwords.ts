import { hash, verify } from '@node-rs/argon2';
import { AppError } from '../../models/errors';

/** OWASP's second choice for Argon2id (19 MiB, 2 passes); `Algorithm.Argon2id` is an ambient const enum, hence 2. */
const OPTIONS = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

const MIN_LENGTH = 10;

let decoy: Promise<string> | undefined;

/** Argon2id as PHC string. @throws AppError weak-password (422) */
export async function hashPassword(password: string, login: string): Promise<string> {
  const weak = password.length < MIN_LENGTH || new Set(password).size < 4;
  if (weak || password.toLowerCase().includes(login.toLowerCase())) {
    throw new AppError(
      'weak-password',
      {
        ru: `Пароль слишком слаб: не менее ${MIN_LENGTH} разных знаков и без имени входа`,
        en: `The password is too weak: at least ${MIN_LENGTH} varied characters and without the login`,
      },
      { httpStatus: 422 },
    );
  }
  return hash(password, OPTIONS);
}

/** Takes as long for an unknown account as for a known one: the answer's time tells nothing. */
export async function isPassword(passwordHash: string | null, password: string): Promise<boolean> {
  decoy ??= hash('no account has this password', OPTIONS);
  const fits = await verify(passwordHash ?? (await decoy), password);
  return fits && passwordHash !== null;
}
