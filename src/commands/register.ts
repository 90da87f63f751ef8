import { commands } from 'vscode';
import type { Disposable, LogOutputChannel } from 'vscode';
import type { Command, CommandArguments } from '../contributions.ts';
import { showProblem } from './problems.ts';

/** Registers a command with its typed arguments; what it throws is shown to the user with a way to try again. */
export function registerCommand<K extends Command>(
  command: K,
  log: LogOutputChannel,
  handler: (...args: CommandArguments[K]) => unknown,
): Disposable {
  const run = async (...args: unknown[]): Promise<void> => {
    try {
      await handler(...(args as CommandArguments[K]));
    } catch (error) {
      // The command ends here; what the user chooses then is a command of its own.
      void showProblem(error, log, () => run(...args));
    }
  };
  return commands.registerCommand(command, run);
}
