import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashOf, isStamped, locked } from './cache.mjs';
import { root, run } from './steps.mjs';

/**
 * Makes the Prisma client in prisma/generated when the schema changed. Generating needs no schema engine, but Prisma
 * looks for one and would download it: any existing file satisfies it.
 */
export async function generateClient() {
  const stamp = join(root, 'prisma', 'generated', '.stamp');
  const isFresh = () =>
    isStamped(stamp, hashOf(['prisma/schema', 'prisma.config.ts', 'node_modules/prisma/package.json']));
  if (isFresh()) return 'client is up to date';
  return locked(join(root, '.medex', 'prisma.lock'), async () => {
    if (isFresh()) return 'client is up to date';
    const env = {
      ...process.env,
      PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
      CHECKPOINT_DISABLE: '1',
      PRISMA_HIDE_UPDATE_MESSAGE: '1',
    };
    const cli = join(root, 'node_modules', 'prisma', 'build', 'index.js');
    const hash = hashOf(['prisma/schema', 'prisma.config.ts', 'node_modules/prisma/package.json']);
    await run(process.execPath, [cli, 'generate'], { env, timeoutMs: 120_000 });
    if (!existsSync(join(root, 'prisma', 'generated', 'client.ts'))) throw new Error('prisma generate wrote no client');
    writeFileSync(stamp, hash);
    return 'client generated, no engine needed';
  });
}
