/** Where the tests find VS Code (code-server) and a browser. */
import { existsSync } from 'node:fs';
import { codeServerEntry as installedEntry } from '../../tools/setup/codeServer.ts';

/** code-server's entry script, as `npm run setup` installs it; VETHSCOPE_CODE_SERVER names another. */
export function codeServerEntry(): string {
  const path = process.env.VETHSCOPE_CODE_SERVER ?? installedEntry();
  if (!existsSync(path)) {
    throw new Error(`code-server is not at ${path}: run \`npm run setup\`, or set VETHSCOPE_CODE_SERVER`);
  }
  return path;
}

/** Chromium's executable; VETHSCOPE_CHROMIUM names another. */
export function chromiumExecutable(): string {
  const path = process.env.VETHSCOPE_CHROMIUM ?? '/usr/bin/chromium';
  if (!existsSync(path)) {
    throw new Error(`no browser at ${path}: run \`apt-get install chromium\`, or set VETHSCOPE_CHROMIUM`);
  }
  return path;
}
