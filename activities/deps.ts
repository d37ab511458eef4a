import type { Pool } from '../prisma/pool';
import { currentRuleSet } from '../prisma/repositories/rule-sets';
import { ENGINE_VERSION } from './engine-version';
import { createSnapshots } from '../prisma/facts/snapshots';
import type { Snapshots } from '../prisma/facts/snapshots';

/** What activities are closed over. One pool and one compiled reference per worker process. */
export interface ActivityDeps {
  readonly pool: Pool;
  readonly snapshots: Snapshots;
  /** Folder of uploaded registries. */
  readonly spoolDir: string;
}

export function createActivityDeps(pool: Pool, spoolDir: string): ActivityDeps {
  return { pool, snapshots: createSnapshots(), spoolDir };
}

/** Compiles the reference in force, so that the first chunk or letter finds it ready. */
export async function warmUp({ pool, snapshots }: ActivityDeps): Promise<void> {
  await snapshots.of(pool, await currentRuleSet(pool, ENGINE_VERSION));
}
