/** code-server: VS Code's server and web workbench, compiled once into the cache from npm packages. */
import { existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from './cache.ts';
import { logFile, runLogged } from './step.ts';

const CODE_SERVER = '4.139.1';
/** code-server refuses any other major version. Its npm package brings the headers that its addons compile against. */
const NODE = '24.21.0';

const folder = () => join(cacheFolder(), `code-server-${CODE_SERVER}-node-${NODE}`);
const nodePackage = `node-${process.platform}-${process.arch}`;

/** code-server's entry script; run it with {@link codeServerNode}. */
export const codeServerEntry = () => join(folder(), 'server/node_modules/code-server/out/node/entry.js');
export const codeServerNode = () => join(folder(), 'node/node_modules', nodePackage, 'bin/node');

/** @returns what it did, in words */
export async function installCodeServer(): Promise<string> {
  if (existsSync(codeServerEntry())) return `${CODE_SERVER} is in the cache`;
  const partial = `${folder()}.${process.pid}`;
  rmSync(partial, { recursive: true, force: true });
  try {
    await npmInstall(join(partial, 'node'), `${nodePackage}@${NODE}`, {}, 'code-server-node');
    const home = join(partial, 'node/node_modules', nodePackage);
    await npmInstall(
      join(partial, 'server'),
      `code-server@${CODE_SERVER}`,
      {
        PATH: `${join(home, 'bin')}:${process.env.PATH ?? ''}`,
        npm_config_nodedir: home, // node-gyp would download the headers
        JOBS: 'max',
      },
      'code-server',
    );
    const entry = join(partial, 'server/node_modules/code-server/out/node/entry.js');
    const configuration = join(partial, 'config.yaml'); // without it, one is written to the user's home
    await runLogged([join(home, 'bin/node'), entry, '--config', configuration, '--version'], {
      log: logFile('code-server-version'),
    });
    rmSync(folder(), { recursive: true, force: true });
    renameSync(partial, folder());
  } finally {
    rmSync(partial, { recursive: true, force: true });
  }
  return `installed ${CODE_SERVER}`;
}

/** Inside a folder of its own, not with --prefix: npm hands a prefix down to the installs that packages start. */
async function npmInstall(
  place: string,
  what: string,
  env: Readonly<Record<string, string>>,
  log: string,
): Promise<void> {
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'package.json'), '{ "private": true }\n');
  const environment = Object.fromEntries(
    // npm run leaves its own settings here, among them the caller's Node version, which code-server's script reads.
    Object.entries(process.env).filter(
      ([name]) => !/^npm_(config_user_agent|node_execpath|package_|lifecycle_)/.test(name),
    ),
  );
  await runLogged(['npm', 'install', '--no-fund', '--no-audit', what], {
    cwd: place,
    env: { ...environment, ...env },
    log: logFile(log),
  });
}
