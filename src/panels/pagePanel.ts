import { Uri, window } from 'vscode';
import type { ViewColumn, WebviewPanel } from 'vscode';
import { resourceRoots } from './html.ts';

/** A panel that may run its page and load what is ours, with our icon. Its `html` comes once somebody listens to it. */
export function createPagePanel(
  extension: Uri,
  type: string,
  title: string,
  column: ViewColumn,
): WebviewPanel {
  const panel = window.createWebviewPanel(type, title, column, {
    enableScripts: true,
    localResourceRoots: resourceRoots(extension),
  });
  setTabIcon(panel, extension);
  return panel;
}

export function setTabIcon(panel: WebviewPanel, extension: Uri): void {
  panel.iconPath = {
    dark: Uri.joinPath(extension, 'media', 'tab-dark.svg'),
    light: Uri.joinPath(extension, 'media', 'tab-light.svg'),
  };
}
