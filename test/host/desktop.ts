/**
 * Runs the suites of test/host/suite in a desktop VS Code by @vscode/test-electron. It downloads one, or takes the
 * executable that VETHSCOPE_VSCODE names; where neither is to be had it says what is lacking and ends with 1.
 */
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RESULTS } from '../e2e/screenshots.ts';
import { report } from './results.ts';
import type { HostTestResult } from './results.ts';

const root = resolve(import.meta.dirname, '../..');
const suite = join(root, 'dist/test/host/index.cjs');

async function executable(): Promise<string | null> {
  const named = process.env.VETHSCOPE_VSCODE;
  if (named !== undefined) return existsSync(named) ? named : null;
  try {
    return await downloadAndUnzipVSCode({ version: 'stable', cachePath: join(root, '.cache/vscode-test') });
  } catch (error) {
    console.error(`VS Code cannot be downloaded: ${error instanceof Error ? error.message : String(error)}`);
    return null;
  }
}

const lacking: string[] = [];
if (!existsSync(suite)) lacking.push('the built suites: run `npm run build`');
const vscode = await executable();
if (vscode === null) {
  lacking.push(
    'a desktop VS Code: give access to update.code.visualstudio.com, or set VETHSCOPE_VSCODE to its executable',
  );
}
if (process.platform === 'linux' && !process.env.DISPLAY && !process.env.WAYLAND_DISPLAY) {
  lacking.push('a display: run it as `xvfb-run -a npm run test:desktop` (apt-get install xvfb)');
}
if (lacking.length > 0 || vscode === null) {
  console.error(`The tests did not run in a desktop VS Code. Lacking:\n- ${lacking.join('\n- ')}`);
  console.error('The same tests run in code-server, a VS Code server with its web workbench, by `npm test`.');
  process.exit(1);
}

mkdirSync(RESULTS, { recursive: true });
const results = join(RESULTS, 'host-tests-desktop.json');
await runTests({
  vscodeExecutablePath: vscode,
  extensionDevelopmentPath: root,
  extensionTestsPath: suite,
  extensionTestsEnv: { HOST_TEST_RESULTS: results },
  launchArgs: [
    '--disable-extensions',
    '--disable-workspace-trust',
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ],
});
process.exitCode = report(JSON.parse(readFileSync(results, 'utf8')) as HostTestResult[]) ? 0 : 1;
