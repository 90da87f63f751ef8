#!/usr/bin/env node
/**
 * Entry of `npm run setup`, `npm run demo` and `npm test`. It runs on whatever Node >= 20 there is, in a clone without
 * node_modules: it installs the project's packages, Node 24 among them, and hands over to tools/main.ts under that.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const node = join(root, 'node_modules/node/bin/node');

function readPackages(file) {
  return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')).packages : {};
}

/** Whether node_modules holds what package-lock.json asks for. Optional packages are those of other platforms. */
function isInstalled() {
  const wanted = readPackages(join(root, 'package-lock.json'));
  const present = readPackages(join(root, 'node_modules/.package-lock.json'));
  return (
    existsSync(node) &&
    Object.entries(wanted).every(
      ([path, { version, optional }]) => path === '' || optional || present[path]?.version === version,
    )
  );
}

function install() {
  const started = Date.now();
  // The lock file is exact, so this is what every other clone has.
  const { status, error } = spawnSync('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status !== 0) {
    console.error(
      `npm ci failed${error ? `: ${error.message}` : ''}. It needs npm and a reachable npm registry.`,
    );
    process.exit(1);
  }
  console.error(`${((Date.now() - started) / 1000).toFixed(1).padStart(7)} s  npm packages`);
}

if (Number(process.versions.node.split('.')[0]) < 20) {
  console.error(
    `Node >= 20 is needed; this is ${process.version}. Bring it from https://nodejs.org or nodesource.com.`,
  );
  process.exit(1);
}
if (!isInstalled()) install();

const child = spawn(node, [join(root, 'tools/main.ts'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
});
// The child cleans up and ends; so does this process, then. Ctrl-C reaches the child by itself.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('close', (code) => process.exit(code ?? 1));
