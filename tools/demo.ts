/** `npm run demo`: sets up what the demo needs, then starts it. */
import { spawn } from 'node:child_process';
import { projectEnvironment } from './setup/environment.ts';
import type { Part } from './setup/parts.ts';
import { setUp } from './setup/setUp.ts';
import { root } from './setup/step.ts';

/** The lab needs Linux and root; elsewhere the demo shows a recorded session, for which the bundles suffice. */
function partsFor(words: readonly string[]): Part[] {
  if (words.includes('--kubeconfig')) return ['build', 'vscode'];
  if (words.includes('--cluster')) return ['build', 'vscode', 'cluster'];
  return process.platform === 'linux' && process.getuid?.() === 0 ? ['build', 'vscode', 'lab'] : ['vscode'];
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
