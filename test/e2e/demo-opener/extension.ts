/**
 * Opens the demo's flows when the window opens, with the commands that a person would use: *Show Flows…* and its first
 * choice, or *Show Flows* on a pod of the Kubernetes extension's tree.
 */
import * as vscode from 'vscode';

/** What to open, as the demo wrote it into the environment. */
export interface DemoOpening {
  /** A pod of the current context; absent for the first choice of *Show Flows…*. */
  readonly pod?: { readonly namespace: string; readonly name: string };
}

const PAUSE = 300;
const TRIES = 100;

export async function activate(): Promise<void> {
  const written = process.env.VETHSCOPE_DEMO;
  // A window that is opened again has its flows already.
  if (written === undefined || isOpen()) return;
  await vscode.commands.executeCommand('workbench.view.extension.vethscope');
  const { pod } = JSON.parse(written) as DemoOpening;
  if (pod) {
    const node = { nodeCategory: 'kubernetes-explorer-node', nodeType: 'resource', ...pod };
    await vscode.commands.executeCommand('vethscope.showPodFlows', node);
    return;
  }
  await showFirstChoice();
}

/** A list that loses the focus, to a window that is still being put together, closes unanswered: then it is opened again. */
async function showFirstChoice(): Promise<void> {
  let asking = false;
  for (let attempt = 0; attempt < TRIES && !isOpen(); attempt++) {
    if (!asking) {
      asking = true;
      void vscode.commands.executeCommand('vethscope.showFlows').then(
        () => (asking = false),
        (error: unknown) => {
          asking = false;
          console.error(error);
        },
      );
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
    await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
  }
}

function isOpen(): boolean {
  return vscode.window.tabGroups.all.some(({ tabs }) =>
    tabs.some(
      ({ input }) => input instanceof vscode.TabInputWebview && input.viewType.includes('vethscope.flows'),
    ),
  );
}
