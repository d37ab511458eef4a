import { Command } from 'commander';
import { registerModelCommands } from '../../cli/model';

/** Runs `medex model …` in this process; wrong use rejects as on the command line. */
export async function runModel(...args: string[]): Promise<void> {
  const program = new Command('medex').exitOverride();
  registerModelCommands(program);
  await program.parseAsync(['model', ...args], { from: 'user' });
}
