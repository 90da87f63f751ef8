/**
 * The page's connection to its panel. In VS Code it is the webview's own; the harness gives a page another.
 * `ToPage` and `FromPage` are the message types of src/model/panelMessages.ts.
 */
export interface Host<ToPage, FromPage> {
  post(message: FromPage): void;
  onMessage(listener: (message: ToPage) => void): void;
  /** What the page keeps while it is hidden: small, and no rows. */
  readonly pageState: unknown;
  keepPageState(state: unknown): void;
}

interface WebviewApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

declare function acquireVsCodeApi(): WebviewApi;

/** The panel in VS Code. May be called once a page: VS Code gives its webview API only once. */
export function vscodeHost<ToPage, FromPage>(): Host<ToPage, FromPage> {
  const api = acquireVsCodeApi();
  return {
    post: (message) => api.postMessage(message),
    onMessage: (listener) => {
      // Only the frame around us, which VS Code made, can post here: the page frames nobody.
      window.addEventListener('message', (event: MessageEvent<ToPage>) => listener(event.data));
    },
    get pageState() {
      return api.getState();
    },
    keepPageState: (state) => api.setState(state),
  };
}
