import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadWorld } from '../activities/intake/load-world';
import { readWorldContent } from '../activities/intake/world-content';
import type { Pool } from '../prisma/pool';
import { areFilesTaken } from '../prisma/repositories/import-files';

export interface LoadedWorld {
  /** SHA-256 of the content, hex: the same data, wherever it lies, is the same world. */
  readonly digest: string;
  /** Its invoices have been through a batch. */
  readonly reviewed: boolean;
}

interface WorldNote extends LoadedWorld {
  /** The folder that it was loaded from last. */
  readonly world: string;
}

/**
 * Loads the world unless this installation has it, by content: a folder that has moved is the same world, and files that
 * were changed in their folder are loaded as `medex world load` does. An installation holds one insurer.
 *
 * @param dataDir holds the note of what was loaded
 * @throws Error another folder with other content was loaded before
 * @throws AppError what `loadWorld` throws
 */
export async function loadOnce(
  pool: Pool,
  dataDir: string,
  world: string,
  say: (text: string) => void,
): Promise<LoadedWorld> {
  const { digest, files } = await readWorldContent(world);
  const note = readNote(dataDir);
  const same = note?.digest === digest;
  if (note !== null && !same && note.world !== world) {
    throw new Error(
      `В ${dataDir} уже загружен другой мир (${note.world}): укажите другую --data-dir / another world is loaded there: choose another --data-dir, or add these files to it with medex world load`,
    );
  }
  if (same && (await areFilesTaken(pool, files))) return writeNote(dataDir, { ...note, world });
  say(note === null ? `Загружаю / loading ${world}` : `Загружаю изменения / loading what has changed: ${world}`);
  const { parts, seconds } = await loadWorld({ pool }, world);
  for (const part of parts.filter((each) => each.file !== null)) {
    const rejected = part.rowsRejected === 0 ? '' : `, отклонено / rejected ${part.rowsRejected}`;
    say(`  ${part.name.padEnd(14)} ${String(part.rowsAccepted).padStart(8)}${rejected}`);
  }
  say(`  ${seconds.toFixed(1)} с`);
  return writeNote(dataDir, { world, digest, reviewed: false });
}

export function markReviewed(dataDir: string): void {
  writeNote(dataDir, { ...readNote(dataDir)!, reviewed: true });
}

function readNote(dataDir: string): WorldNote | null {
  const file = fileOf(dataDir);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as WorldNote) : null;
}

function writeNote(dataDir: string, note: WorldNote): WorldNote {
  writeFileSync(fileOf(dataDir), JSON.stringify(note));
  return note;
}

function fileOf(dataDir: string): string {
  return join(dataDir, 'world.json');
}
