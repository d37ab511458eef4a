import type { Pool } from '../prisma/pool';
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
