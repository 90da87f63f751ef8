/** Builds everything for release and packs the VSIX. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const run = (command: string, args: readonly string[]): void =>
  void execFileSync(command, args, {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${root}/node_modules/.bin:${process.env.PATH ?? ''}` },
  });

const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const vsix = join(root, `vethscope-${version}.vsix`);
if (process.platform === 'linux') run('node', ['tools/buildNative.ts']);
else if (!existsSync(join(root, 'dist/payload/linux-x64/vethscope.node'))) {
  throw new Error('the agent payload is built on Linux: copy dist/payload from there, then run this again');
}
run('node', ['tools/build.ts', '--production']);
run('vsce', [
  'package',
  '--no-dependencies',
  '--allow-missing-repository',
  // The README's links and pictures are of the checkout; VS Code shows none that are relative.
  '--no-rewrite-relative-links',
  '-o',
  vsix,
]);
