/** Extensions that the tests bring along, and the one under test. */
import { build } from 'esbuild';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { CodeServerOptions } from './codeServer.ts';

const root = resolve(import.meta.dirname, '../..');

/**
 * The extension under test: the VSIX that VETHSCOPE_VSIX names, installed, or the checkout after `npm run build`.
 */
export function extensionUnderTest(): Pick<CodeServerOptions, 'folders' | 'packages'> {
  const vsix = process.env.VETHSCOPE_VSIX;
  if (vsix !== undefined) return { packages: [resolve(vsix)] };
  if (!existsSync(join(root, 'dist/host')) && !existsSync(join(root, 'dist/extension.cjs'))) {
    throw new Error('the extension is not built: run `npm run build`');
  }
  return { folders: [root] };
}

/** Bundles a folder with manifest.json (its package.json) and extension.ts (CommonJS, `vscode` left out); returns the folder to install. */
export async function buildExtension(name: string): Promise<string> {
  const source = join(import.meta.dirname, name);
  const temporary = mkdtempSync(join(tmpdir(), 'vethscope-extension-'));
  process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
  const folder = join(temporary, name);
  mkdirSync(folder);
  copyFileSync(join(source, 'manifest.json'), join(folder, 'package.json'));
  await build({
    entryPoints: [join(source, 'extension.ts')],
    outfile: join(folder, 'extension.js'),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node22',
    external: ['vscode'],
    logLevel: 'warning',
  });
  return folder;
}
