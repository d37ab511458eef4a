import { readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { z } from 'zod';
import { loadConfig } from '../config';
import { anchorKeys } from '../models/audit/anchor';
import type { Anchor } from '../models/audit/anchor';
import { verifyAudit, writeAnchor } from '../prisma/repositories/audit';
import { print, withDatabase } from './with-database';

const anchorFile = z.array(
  z.object({
    at: z.string(),
    heads: z.record(z.string(), z.object({ seq: z.int(), hash: z.string() })),
    signature: z.string(),
  }),
);

/** `medex audit verify | anchor`. Exit code 4: the trail is not whole. */
export function registerAuditCommands(program: Command): void {
  const audit = program.command('audit').description('the append-only audit trail');
  audit
    .command('verify')
    .description('re-compute every hash chain and hold it against heads and signed anchors')
    .option('--anchors <file>', 'anchors that were exported earlier (JSON array)')
    .option('--json', 'print the report as JSON')
    .action(async (flags: { anchors?: string; json?: boolean }) => {
      const config = loadConfig();
      const exported = flags.anchors === undefined ? [] : readAnchors(flags.anchors);
      const keys = anchorKeys(config.MEDEX_SECRET);
      const report = await withDatabase(config, (pool) => verifyAudit(pool, keys, exported));
      const counts = `${report.events} events in ${report.streams} chains, ${report.anchors} anchors`;
      const faults = report.faults.map((fault) => `${fault.stream} #${fault.seq}: ${fault.fault}`);
      const whole = report.faults.length === 0;
      const text = whole ? `whole: ${counts}` : `NOT WHOLE: ${counts}\n${faults.join('\n')}`;
      print(flags.json, { whole, ...report }, text);
      if (!whole) process.exitCode = 4;
    });
  audit
    .command('anchor')
    .description('sign the present heads; keep the file where the database administrator cannot change it')
    .option('--out <file>', 'add the anchor to this file (JSON array)')
    .option('--json', 'print the anchor as JSON')
    .action(async (flags: { out?: string; json?: boolean }) => {
      const config = loadConfig();
      const anchor = await withDatabase(config, (pool) => writeAnchor(pool, anchorKeys(config.MEDEX_SECRET)));
      if (flags.out !== undefined)
        writeFileSync(flags.out, JSON.stringify([...knownAnchors(flags.out), anchor], null, 1));
      print(flags.json, anchor, `anchored ${Object.keys(anchor.heads).length} chains at ${anchor.at}`);
    });
}

function knownAnchors(file: string): Anchor[] {
  try {
    return readAnchors(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

function readAnchors(file: string): Anchor[] {
  return anchorFile.parse(JSON.parse(readFileSync(file, 'utf8')));
}
