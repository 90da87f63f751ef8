import { env, ViewColumn } from 'vscode';
import type { Uri, WebviewPanel } from 'vscode';
import { endpointText } from '../model/endpoint.ts';
import type { FlowReference } from '../model/panelMessages.ts';
import type { FlowPathPicture, FromPointsPage, ToPointsPage } from '../model/pointsMessages.ts';
import { PathMemory } from '../model/path/pathMemory.ts';
import { pathPicture } from '../flows/pathPicture.ts';
import type { SessionFlows } from '../flows/sessionFlows.ts';
import { pageHtml } from './html.ts';
import { createPagePanel } from './pagePanel.ts';

const REFRESH_MILLISECONDS = 1000;

/** The path of one flow beside its table: drawn again whenever its counts or the wiring of its nodes changed. */
export class PointsPanel {
  readonly #panel: WebviewPanel;
  readonly #flows: SessionFlows;
  readonly #timer: NodeJS.Timeout;
  readonly #memory = new PathMemory();
  #flow: FlowReference;
  #ready = false;
  #told = '';

  constructor(extension: Uri, panelType: string, flows: SessionFlows, flow: FlowReference) {
    this.#flows = flows;
    this.#flow = flow;
    this.#panel = createPagePanel(extension, panelType, 'Observation Points', ViewColumn.Beside);
    const subscriptions = [
      this.#panel.webview.onDidReceiveMessage((message: FromPointsPage) => this.#receive(message)),
      this.#panel.onDidChangeViewState(() => this.#refresh()),
    ];
    this.#timer = setInterval(() => this.#refresh(), REFRESH_MILLISECONDS);
    this.#panel.onDidDispose(() => {
      clearInterval(this.#timer);
      for (const subscription of subscriptions) subscription.dispose();
    });
    this.#panel.webview.html = pageHtml(this.#panel.webview, extension, 'points');
  }

  #receive(message: FromPointsPage): void {
    switch (message.type) {
      case 'ready':
        this.#ready = true;
        this.#told = '';
        this.#refresh();
        return;
      case 'copy':
        void env.clipboard.writeText(message.content);
        return;
      case 'observeNode':
        this.#flows.session.alsoObserve(message.node);
    }
  }

  #refresh(): void {
    if (!this.#ready || !this.#panel.visible) return;
    const message = this.#message();
    const text = JSON.stringify(message);
    if (text === this.#told) return;
    this.#told = text;
    // False when the page went away meanwhile: it says `ready` when it is back.
    void this.#panel.webview.postMessage(message);
  }

  #message(): ToPointsPage {
    const { session, store } = this.#flows;
    const heir = store.heirOf(this.#flow);
    if (heir === null) {
      return { type: 'nothing', reason: 'This flow ended long ago and is no longer kept.' };
    }
    this.#flow = heir;
    const topologies = session.agents.flatMap(({ topology }) => topology ?? []);
    if (topologies.length === 0) {
      return {
        type: 'nothing',
        reason: 'The wiring of the node is not known: its agent tells of it while it runs.',
      };
    }
    const picture = pathPicture(store, heir, topologies, this.#memory);
    if (picture === null) return { type: 'nothing', reason: 'This flow is no longer kept.' };
    this.#panel.title = titleOf(picture);
    return { type: 'path', picture };
  }
}

function titleOf({ client, server }: FlowPathPicture): string {
  return `Points: ${endpointText(client)} → ${endpointText(server)}`;
}
