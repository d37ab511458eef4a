import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command } from 'commander';
import { isAppError } from '../models/errors';
import { packageRoot } from '../prisma/files';
import { registerApiCommand } from './api';
import { registerAuditCommands } from './audit';
import { registerDbCommands } from './db';
import { registerFindingsCommands } from './findings';
import { registerFraudCommands } from './fraud';
import { useInstallation } from './installation';
import { registerModelCommands } from './model';
import { registerLetterCommands } from './letter';
import { registerLibraryCommands } from './library';
import { registerReviewCommands } from './review';
import { registerShadowCommands } from './shadow';
import { registerTokenCommands } from './token';
import { registerUpCommand } from './up';
import { registerUserCommands } from './user';
import { registerWorkerCommand } from './worker';
import { registerWorldCommands } from './world';

/** Commands that bring their own servers or need none. */
const STANDALONE = new Set(['up', 'fraud', 'model']);

/** `medex`: every group of commands in one list. Exit codes: 0 done, 1 failed, 2 wrong use, 3 not found, 4 not whole. */
export function createProgram(): Command {
  const program = new Command('medex')
    .description('медицинская экспертиза счетов ДМС / claims and underwriting for voluntary medical insurance')
    .option('--data-dir <dir>', 'folder of a running installation (default: .medex/data)')
    .version(versionOf(), '--version', 'print the version')
    .showHelpAfterError()
    .exitOverride();
  program.hook('preAction', (_program, action) => {
    const group = action.parent === program ? action.name() : (action.parent?.name() ?? '');
    if (!STANDALONE.has(group)) useInstallation(program.opts<{ dataDir?: string }>().dataDir);
  });
  registerUpCommand(program);
  registerWorldCommands(program);
  registerReviewCommands(program);
  registerFindingsCommands(program);
  registerLetterCommands(program);
  registerLibraryCommands(program);
  registerShadowCommands(program);
  registerUserCommands(program);
  registerTokenCommands(program);
  registerAuditCommands(program);
  registerFraudCommands(program);
  registerModelCommands(program);
  registerDbCommands(program);
  registerWorkerCommand(program);
  registerApiCommand(program);
  return program;
}

async function main(): Promise<void> {
  try {
    await createProgram().parseAsync();
  } catch (error) {
    process.exitCode = report(error);
  }
}

/** One clear line instead of a stack; commander has printed its own already. */
function report(error: unknown): number {
  if (isCommanderError(error)) return error.exitCode === 0 ? 0 : 2;
  if (isAppError(error)) {
    process.stderr.write(`medex: ${error.text.ru} / ${error.text.en} (${error.code})\n`);
    if (error.code === 'UNDERWRITING_COLUMNS') return 2;
    return error.httpStatus === 404 ? 3 : 1;
  }
  process.stderr.write(`medex: ${error instanceof Error ? error.message : String(error)}\n`);
  // A batch or run that nobody started under this key.
  return error instanceof Error && error.name === 'WorkflowNotFoundError' ? 3 : 1;
}

function versionOf(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string }).version;
}

function isCommanderError(error: unknown): error is { exitCode: number } {
  return error instanceof Error && error.name.startsWith('Commander');
}

if (require.main === module || process.argv[1]?.endsWith('medex.cjs')) void main();
