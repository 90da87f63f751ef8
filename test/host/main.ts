/**
 * Runs the suites of test/host/suite in the extension host of code-server, a real VS Code server.
 * With VETHSCOPE_VSIX the installed package is tested, else the checkout after `npm run build`.
 */
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { CodeServer } from '../e2e/codeServer.ts';
import { extensionUnderTest } from '../e2e/extensionFolder.ts';
import { RESULTS } from '../e2e/screenshots.ts';
import { launchBrowser } from '../e2e/workbench.ts';
import { NODE_NAMES } from './nodeNames.ts';
import { report } from './results.ts';
import type { HostTestResult } from './results.ts';

const root = resolve(import.meta.dirname, '../..');
const MINUTES = 2;
const RECORDING = join(import.meta.dirname, 'recordings/full-node.json.gz');

/** Runs them and returns their results. */
export async function runHostTests(
  environment: Readonly<Record<string, string>> = {},
): Promise<HostTestResult[]> {
  const suite = join(root, 'dist/test/host/index.cjs');
  if (!existsSync(suite)) throw new Error('the suites are not built: run `npm run build`');
  mkdirSync(RESULTS, { recursive: true });
  const results = join(RESULTS, 'host-tests.json');
  rmSync(results, { force: true });
  const server = await CodeServer.start({
    ...extensionUnderTest(),
    development: true,
    settings: { 'vethscope.localTargets': NODE_NAMES.map((name) => ({ name })) },
    environment: { HOST_TEST_RECORDING: RECORDING, HOST_TEST_RESULTS: results, ...environment },
  });
  const browser = await launchBrowser();
  try {
    const page = await (await browser.newContext()).newPage();
    // VS Code calls these two of a window that runs extension tests.
    const ended = new Promise<unknown>((resolve) => void page.exposeFunction('codeAutomationExit', resolve));
    // What the suites print comes here; their results come by file.
    await page.exposeFunction('codeAutomationLog', () => undefined);
    await page.goto(
      server.url([
        // Without a development path VS Code does not run the tests at all, so there is an empty extension for it.
        ['extensionDevelopmentPath', server.remoteUri(join(import.meta.dirname, 'empty-extension'))],
        ['extensionTestsPath', server.remoteUri(suite)],
      ]),
    );
    const timeout = setTimeout(() => void browser.close(), MINUTES * 60_000);
    await Promise.race([ended, new Promise((resolve) => page.on('close', resolve))]);
    clearTimeout(timeout);
  } finally {
    await browser.close();
    await server.stop();
  }
  if (!existsSync(results)) {
    throw new Error(`the suites did not end within ${MINUTES} minutes:\n${server.log}`);
  }
  return JSON.parse(readFileSync(results, 'utf8')) as HostTestResult[];
}

if (import.meta.main) process.exitCode = report(await runHostTests()) ? 0 : 1;
