import { Uri, ViewColumn, window } from 'vscode';
import type { WebviewPanel, WebviewPanelSerializer } from 'vscode';
import { FLOWS_PANEL } from '../contributions.ts';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import type { FlowFilter, FlowsQuestion } from '../model/panelMessages.ts';
import type { FlowsPanelActions } from './flowsPanel.ts';
import { FlowsPanel, targetName } from './flowsPanel.ts';
import { questionOf } from './question.ts';
import { setTabIcon } from './pagePanel.ts';

/** All flow tables that are open. Also restores those that were open when VS Code was closed: as questions. */
export class FlowsPanels implements WebviewPanelSerializer {
  readonly #extension: Uri;
  readonly #actions: FlowsPanelActions;
  readonly #open = new Set<FlowsPanel>();
  readonly #onClose: (flows: SessionFlows) => void;

  /** `onClose`: the last table of a session was closed. */
  constructor(extension: Uri, actions: FlowsPanelActions, onClose: (flows: SessionFlows) => void) {
    this.#extension = extension;
    this.#actions = actions;
    this.#onClose = onClose;
  }

  /** Brings a session's table to front, opened if need be. */
  show(flows: SessionFlows, question: FlowsQuestion, filter?: FlowFilter): void {
    const open = [...this.#open].find((panel) => panel.flows === flows);
    if (open !== undefined) {
      if (filter !== undefined) open.setFilter(filter);
      open.panel.reveal();
      return;
    }
    const panel = window.createWebviewPanel(FLOWS_PANEL, `Flows: ${targetName(question)}`, ViewColumn.Active);
    this.#add(panel, question).show(flows, filter);
  }

  deserializeWebviewPanel(panel: WebviewPanel, state: unknown): Promise<void> {
    const question = questionOf(state);
    // A table of an older version, or one closed before it knew its question.
    if (question === null) panel.dispose();
    else this.#add(panel, question);
    return Promise.resolve();
  }

  #add(panel: WebviewPanel, question: FlowsQuestion): FlowsPanel {
    setTabIcon(panel, this.#extension);
    const added = new FlowsPanel(panel, this.#extension, question, this.#actions);
    this.#open.add(added);
    panel.onDidDispose(() => {
      this.#open.delete(added);
      const { flows } = added;
      if (flows !== null && ![...this.#open].some((other) => other.flows === flows)) this.#onClose(flows);
    });
    return added;
  }
}
