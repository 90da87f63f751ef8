import { randomBytes } from 'node:crypto';
import { Uri } from 'vscode';
import type { Webview } from 'vscode';

/** What a page may load from the extension: its bundle and our pictures. */
export function resourceRoots(extension: Uri): Uri[] {
  return [Uri.joinPath(extension, 'dist', 'webview'), Uri.joinPath(extension, 'media')];
}

/** The document of a page whose script and style are `dist/webview/<page>.js` and `.css`. Nothing else may run. */
export function pageHtml(webview: Webview, extension: Uri, page: string): string {
  const nonce = randomBytes(16).toString('base64');
  const address = (file: string): string =>
    webview.asWebviewUri(Uri.joinPath(extension, 'dist', 'webview', file)).toString();
  const own = webview.cspSource;
  const policy = [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    // The nonce is for one style element with which the toolkit learns what the browser can do.
    `style-src ${own} 'nonce-${nonce}'`,
    `font-src ${own}`,
    `img-src ${own}`,
  ].join('; ');
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta http-equiv="Content-Security-Policy" content="${policy}" />
    <meta property="csp-nonce" content="${nonce}" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="stylesheet" href="${address(`${page}.css`)}" />
    <title>Vethscope</title>
  </head>
  <body>
    <script nonce="${nonce}" src="${address(`${page}.js`)}"></script>
  </body>
</html>`;
}
