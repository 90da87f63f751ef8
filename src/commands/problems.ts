import { commands, window } from 'vscode';
import type { LogOutputChannel } from 'vscode';
import type { Command } from '../contributions.ts';
import { CATEGORY } from '../contributions.ts';

const SHOW_LOG: Command = 'vethscope.showLog';

/** The user ended it: nothing to say. */
export class Cancelled extends Error {
  constructor() {
    super('cancelled');
    this.name = 'Cancelled';
  }
}

/** Kinds of problems that a setting of ours can end. */
const OF_SETTINGS = new Set(['kubeconfig', 'pod-security', 'image', 'timeout']);

/** Says what failed and what to do, with the buttons that help. `retry` is offered where trying again makes sense. */
export async function showProblem(
  error: unknown,
  log: LogOutputChannel,
  retry?: () => unknown,
): Promise<void> {
  if (error instanceof Cancelled || kindOf(error) === 'cancelled') return;
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));
  const actions = new Map<string, () => unknown>();
  if (retry !== undefined) actions.set('Retry', retry);
  if (OF_SETTINGS.has(kindOf(error))) actions.set('Open Settings', openSettings);
  actions.set('Show Log', () => commands.executeCommand(SHOW_LOG));
  const message = error instanceof Error ? error.message : String(error);
  const chosen = await window.showErrorMessage(message, ...actions.keys());
  if (chosen !== undefined) await actions.get(chosen)?.();
}

export function openSettings(): Thenable<unknown> {
  return commands.executeCommand('workbench.action.openSettings', `${CATEGORY.toLowerCase()}.`);
}

/** The kind of a KubeError, without loading what it comes from. */
function kindOf(error: unknown): string {
  if (!(error instanceof Error) || error.name !== 'KubeError' || !('problem' in error)) return '';
  return (error.problem as { kind: string }).kind;
}
