import { Command } from 'commander';
import { registerTokenCommands } from '../cli/token';
import { registerUserCommands } from '../cli/user';
import type { TestApi } from './support/api';
import { startTestApi } from './support/api';

describe('medex user and medex token', () => {
  let api: TestApi;
  const env = process.env;
  const written: string[] = [];
  beforeAll(async () => {
    api = await startTestApi();
    const password = 'correct horse battery';
    process.env = { ...env, DATABASE_URL: String(api.pool.options.connectionString), MEDEX_PASSWORD: password };
    jest.spyOn(process.stdout, 'write').mockImplementation((text) => written.push(String(text)) > 0);
  });
  afterAll(async () => {
    jest.restoreAllMocks();
    process.env = env;
    process.exitCode = undefined;
    await api.close();
  });

  const medex = async (line: string): Promise<string> => {
    const program = new Command().exitOverride();
    registerUserCommands(program);
    registerTokenCommands(program);
    await program.parseAsync(['node', 'medex', ...line.split(' ')]);
    return written.splice(0).join('');
  };

  it('add an account that can log in', async () => {
    const added = JSON.parse(
      await medex('user add --login chief --role lead-expert --full-name Иванова --hub-id 1 --json'),
    );
    expect(added).toMatchObject({ login: 'chief', role: 'lead-expert', hubId: 1, fullName: 'Иванова' });
    const login = { login: 'chief', password: 'correct horse battery' };
    await api.anonymous().post('/v1/auth/login').send(login).expect(200);
    expect(await medex('user list --role lead-expert')).toContain('chief  lead-expert  active');
  });

  it.each([
    ['user add --login x1 --role king', /Unknown role king/],
    ['user add --login x2 --role clinic', /owner/],
    ['user add --login x3 --role clinic --clinic-id none', /whole number/],
    ['token issue --name a --role medical-expert', /people only/],
  ])('refuse: %s', async (line, message) => {
    jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    await expect(medex(line)).rejects.toThrow(message);
  });

  it('issue a key that works until it is revoked; revoking twice ends with 3', async () => {
    const issued = JSON.parse(await medex('token issue --name МИС --role clinic --clinic-id 4 --days 30 --json'));
    const me = () => api.anonymous().get('/v1/me').set('Authorization', `Bearer ${issued.token}`);
    expect((await me().expect(200)).body.scope.clinicId).toBe(4);
    expect(await medex(`token revoke ${issued.id}`)).toBe('revoked\n');
    expect((await me()).status).toBe(401);
    await medex(`token revoke ${issued.id}`);
    expect(process.exitCode).toBe(3);
    const trail = await api.pool.query(`SELECT action FROM audit_event WHERE actor = 'cli'`);
    expect(trail.rows).toHaveLength(3);
  });
});
