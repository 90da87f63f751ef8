import type { WebviewPanel } from 'vscode';

/** A page that is told what changed, and only while it is in sight. */
export class ToldPage<Message extends { readonly type: string }> {
  readonly #panel: WebviewPanel;
  /** What it was told last, by type. */
  readonly #told = new Map<string, string>();
  #isReady = false;

  constructor(panel: WebviewPanel) {
    this.#panel = panel;
  }

  get isListening(): boolean {
    return this.#isReady && this.#panel.visible;
  }

  /** The page is there, perhaps anew, and knows nothing. */
  begin(): void {
    this.#isReady = true;
    this.#told.clear();
  }

  tell(message: Message): void {
    if (!this.isListening) return;
    const text = JSON.stringify(message);
    if (this.#told.get(message.type) === text) return;
    // There is nothing to show, or something again: what was told before no longer stands.
    if (message.type === 'nothing' || this.#told.has('nothing')) this.#told.clear();
    this.#told.set(message.type, text);
    // False when the page went away meanwhile: it says `ready` when it is back.
    void this.#panel.webview.postMessage(message);
  }
}
