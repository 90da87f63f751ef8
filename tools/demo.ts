/** `npm run demo`: sets up what the demo needs, then starts it. */
import { spawn } from 'node:child_process';
import { projectEnvironment } from './setup/environment.ts';
import type { Part } from './setup/parts.ts';
import { setUp } from './setup/setUp.ts';
import { root } from './setup/step.ts';

/** The lab needs Linux and root; elsewhere the demo shows a recorded session, for which the bundles suffice. */
function partsFor(words: readonly string[]): Part[] {
  const always: Part[] = ['bundles', 'vscode'];
  if (words.includes('--cluster')) return [...always, 'native', 'cluster'];
  const linux = process.platform === 'linux';
  if (words.includes('--kubeconfig')) return linux ? [...always, 'native'] : always;
  const canObserve = linux && process.getuid?.() === 0 && !words.includes('--recorded');
  return canObserve ? [...always, 'native', 'lab'] : always;
}

/** @returns the demo's exit code */
export async function runDemo(words: readonly string[]): Promise<number> {
  await setUp(partsFor(words));
  const child = spawn(process.execPath, ['test/e2e/demo.ts', ...words], {
    cwd: root,
    env: projectEnvironment(),
    stdio: 'inherit',
  });
  // The demo takes down what it started; Ctrl-C reaches it by itself.
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  return await new Promise((resolve) => child.once('close', (code) => resolve(code ?? 1)));
}
