/**
 * Bundles what ships: the extension host, the webview pages, the agent, and the browser harness of the pages.
 * `--watch` keeps bundling; `--production` minifies. The native half is built by tools/buildNative.ts.
 */
import * as esbuild from 'esbuild';
import { cp, mkdir, rm } from 'node:fs/promises';
import { existsSync, globSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const production = process.argv.includes('--production');
const watch = process.argv.includes('--watch');

const common: esbuild.BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  sourcemap: production ? false : 'linked',
  minify: production,
  logLevel: 'warning',
  legalComments: 'none',
};

/** Packages that were written for CommonJS call `require` for Node's own modules. */
const REQUIRE_IN_ESM =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);";

/** ESM with splitting: a part that is imported on first use becomes a chunk of its own and costs activation nothing. */
const host: esbuild.BuildOptions = {
  ...common,
  entryPoints: ['src/extension.ts'],
  outdir: 'dist/host',
  format: 'esm',
  splitting: true,
  platform: 'node',
  target: 'node22',
  external: ['vscode', '*.node', 'cpu-features', 'bufferutil', 'utf-8-validate'],
  banner: { js: REQUIRE_IN_ESM },
  chunkNames: 'chunks/[name]-[hash]',
};

const agent: esbuild.BuildOptions = {
  ...common,
  entryPoints: ['agent/src/main.ts'],
  outfile: 'dist/agent/agent.cjs',
  format: 'cjs',
  platform: 'node',
  target: 'node24',
  external: ['*.node'],
  sourcemap: false,
};

/** One page a folder: webview/<page>/main.ts becomes dist/webview/<page>.js and .css. */
function pages(): esbuild.BuildOptions {
  const entries = globSync('webview/*/main.ts', { cwd: root }).filter((path) => !path.includes('harness'));
  return {
    ...common,
    entryPoints: entries.map((path) => ({ in: path, out: basename(dirname(path)) })),
    outdir: 'dist/webview',
    format: 'iife',
    platform: 'browser',
    target: 'chrome140',
    loader: { '.ttf': 'file', '.svg': 'text' },
    assetNames: '[name]',
  };
}

function harness(): esbuild.BuildOptions {
  return {
    ...common,
    entryPoints: [
      { in: 'webview/harness/main.ts', out: 'harness' },
      { in: 'webview/harness/index.html', out: 'index' },
    ],
    outdir: 'dist/harness',
    format: 'iife',
    platform: 'browser',
    target: 'chrome140',
    loader: { '.ttf': 'file', '.svg': 'text', '.html': 'copy' },
    assetNames: '[name]',
  };
}

/** Mocha suites that run inside VS Code's extension host. */
function hostTests(): esbuild.BuildOptions {
  return {
    ...common,
    entryPoints: globSync('test/host/suite/*.ts', { cwd: root }),
    outdir: 'dist/test/host',
    format: 'cjs',
    outExtension: { '.js': '.cjs' },
    platform: 'node',
    target: 'node22',
    external: ['vscode', 'mocha'],
    sourcemap: false,
  };
}

async function copyIntoPayloads(): Promise<void> {
  for (const payload of globSync('dist/payload/linux-*', { cwd: root })) {
    await cp(join(root, 'dist/agent/agent.cjs'), join(root, payload, 'agent.cjs'));
  }
}

const all = [
  { options: host, needs: 'src/extension.ts' },
  { options: agent, needs: 'agent/src/main.ts' },
  { options: pages(), needs: 'webview/flows/main.ts' },
  { options: harness(), needs: 'webview/harness/main.ts' },
  { options: hostTests(), needs: 'test/host/suite' },
].filter(({ needs }) => existsSync(join(root, needs)));

if (production) {
  await Promise.all(
    ['host', 'agent', 'webview'].map((part) =>
      rm(join(root, 'dist', part), { recursive: true, force: true }),
    ),
  );
}
await mkdir(join(root, 'dist/payload/linux-x64'), { recursive: true });
if (watch) {
  for (const { options } of all) await (await esbuild.context({ ...options, logLevel: 'info' })).watch();
} else {
  await Promise.all(all.map(({ options }) => esbuild.build(options)));
  await copyIntoPayloads();
}
