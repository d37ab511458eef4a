import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until something is so; fails loudly when it never is. */
export async function until(holds: () => Promise<boolean>, timeoutMs = 30_000): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error('what was waited for did not happen in time');
    await sleep(100);
  }
}
