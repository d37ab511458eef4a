import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { createProgram } from '../cli/index';
import { FLOW_QUEUE, ML_QUEUE, REVIEW_QUEUE } from '../workflows/messages';

const ROOT = join(__dirname, '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

interface Service {
  image?: string;
  build?: string;
  command?: string | string[];
  environment?: Record<string, string | number>;
  depends_on?: Record<string, { condition: string }>;
  ports?: string[];
  volumes?: string[];
  healthcheck?: { test: string[] };
  container_name?: string;
  stop_grace_period?: string;
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
};
const ours = Object.entries(compose.services).filter(([, service]) => service.build !== undefined);

describe('docker-compose.yml', () => {
  test('has Postgres, Temporal on Postgres, the API and one worker service per task queue', () => {
    const queues = ours
      .filter(([name]) => name.startsWith('worker-'))
      .map(([, service]) => (service.command as string[]).at(-1));
    expect(new Set(queues)).toEqual(new Set([FLOW_QUEUE, ML_QUEUE, REVIEW_QUEUE]));
    expect(compose.services.postgres!.image).toMatch(/^postgres:18/);
    expect(compose.services.temporal!.environment).toMatchObject({ DB: 'postgres12', POSTGRES_SEEDS: 'postgres' });
    expect(compose.services.api).toBeDefined();
  });

  test.each(ours)('%s runs a command that the command line has', (_name, service) => {
    const [group, ...rest] = service.command as string[];
    const command = createProgram().commands.find((each) => each.name() === group)!;
    expect(command).toBeDefined();
    const known = [...command.options.map((option) => option.long), ...command.commands.map((sub) => sub.name())];
    const words = rest.filter((word) => word.startsWith('--') || command.commands.length > 0);
    expect(words.filter((word) => !known.includes(word))).toEqual([]);
  });

  test.each(ours)('%s is of the one image and gets database, Temporal and secret', (_name, service) => {
    expect(service.image).toMatch(/^medex:/);
    const needed = ['DATABASE_URL', 'TEMPORAL_ADDRESS', 'TEMPORAL_NAMESPACE', 'MEDEX_SECRET', 'PUBLIC_URL'];
    for (const name of needed) expect(service.environment).toHaveProperty(name);
    // Uploads and the signing key are shared, and outlive a container.
    for (const name of ['MEDEX_SPOOL_DIR', 'MEDEX_KEY_DIR']) {
      const folder = service.environment![name] as string;
      expect(service.volumes!.map((volume) => volume.split(':')[1])).toContain(folder);
      expect(read('Dockerfile')).toMatch(new RegExp(`install -d -o medex .*${folder}`));
    }
  });

  test('workers can be scaled: no fixed names or ports, time to drain, and they wait for the schema', () => {
    for (const [name, service] of ours.filter(([each]) => each.startsWith('worker-'))) {
      expect([name, service.container_name, service.ports]).toEqual([name, undefined, undefined]);
      expect(service.stop_grace_period).toMatch(/^\d+s$/);
      expect(service.depends_on!.migrate!.condition).toBe('service_completed_successfully');
    }
  });

  test('holds no secret of its own, and every service and volume that is named exists', () => {
    const text = read('docker-compose.yml');
    expect(text).toMatch(/\$\{POSTGRES_PASSWORD:\?/);
    expect(text).toMatch(/\$\{MEDEX_SECRET:\?/);
    for (const [, service] of Object.entries(compose.services)) {
      for (const needed of Object.keys(service.depends_on ?? {})) expect(compose.services).toHaveProperty(needed);
      for (const volume of service.volumes ?? []) expect(compose.volumes).toHaveProperty(volume.split(':')[0]!);
    }
  });

  test('the connections of all processes stay under what Postgres allows', () => {
    const allowed = Number(/max_connections=(\d+)/.exec(compose.services.postgres!.command as string)![1]);
    const pool = (name: string): number => Number(compose.services[name]!.environment!.DATABASE_POOL);
    const temporal = compose.services.temporal!.environment!;
    const used =
      2 * pool('api') +
      2 * pool('worker-flow') +
      4 * pool('worker-review') +
      pool('worker-ml') +
      2 * (Number(temporal.SQL_MAX_CONNS) + Number(temporal.SQL_VIS_MAX_CONNS));
    expect(used).toBeLessThan(allowed);
  });
});

describe('Dockerfile', () => {
  const lines = read('Dockerfile').split('\n');

  test('runs the command line as an ordinary user, on a glibc image, with signals reaching it', () => {
    expect(lines.filter((line) => line.startsWith('FROM'))).toEqual([
      'FROM node:22-bookworm-slim AS build',
      'FROM node:22-bookworm-slim',
    ]);
    expect(lines).toContain('USER medex');
    expect(lines.find((line) => line.startsWith('ENTRYPOINT'))).toBe(
      'ENTRYPOINT ["tini", "--", "node", "bin/medex.cjs"]',
    );
  });

  const copied = lines.flatMap((line) => /^COPY --from=build .*\/app\/(\S+) /.exec(line)?.[1] ?? []);

  test('copies every folder that the code reads beside itself', () => {
    const sources = ['activities', 'api', 'cli', 'models', 'prisma', 'workflows'].flatMap((folder) =>
      readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
        .filter((name) => name.endsWith('.ts') && !name.startsWith('generated'))
        .map((name) => read(join(folder, name))),
    );
    const folders = sources.flatMap((text) =>
      [...text.matchAll(/join\(packageRoot\(\), '([^']+)'/g)].map((m) => m[1]!),
    );
    expect(folders).toEqual(expect.arrayContaining(['web', 'data', 'prisma']));
    // The demo's data folder is made, not shipped.
    for (const folder of folders.filter((name) => name !== '.medex')) {
      expect(copied.some((path) => path === folder || path.startsWith(`${folder}/`))).toBe(true);
    }
  });

  test('copies only what the repository has', () => {
    expect(copied.length).toBeGreaterThan(5);
    const made = ['node_modules', 'dist'];
    for (const path of copied.filter((each) => !made.includes(each))) {
      expect([path, existsSync(join(ROOT, path))]).toEqual([path, true]);
    }
  });
});
