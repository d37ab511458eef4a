import { takeRegistry } from '../../activities/intake/take-registry';
import { createPool } from '../../prisma/pool';

/** Takes one file in a process of its own: node --import tsx take-registry-child.ts URL FILE-ID PATH. Prints progress and the peak of memory. */
async function main(): Promise<void> {
  const [url, fileId, path] = process.argv.slice(2);
  // Sampled, not getrusage: on Linux that maximum starts with the size of the parent that forked, here a large jest worker.
  let peak = 0;
  const sampling = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 10);
  const pool = createPool({ connectionString: url!, applicationName: 'medex-test-child', max: 3 });
  const result = await takeRegistry({ pool }, { fileId: fileId!, path: path!, clinicId: null }, ({ rowsRead }) => {
    process.stdout.write(`progress ${rowsRead}\n`);
  });
  process.stdout.write(`done ${JSON.stringify({ ...result, maxRssMb: peak / 2 ** 20 })}\n`);
  clearInterval(sampling);
  await pool.end();
}

main().catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
