/** Pictures of the workbench, in test/results, in each theme. */
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { THEMES } from './themes.ts';
import type { Theme } from './themes.ts';
import type { Workbench } from './workbench.ts';

export const RESULTS = resolve(import.meta.dirname, '../results');

export async function screenshot(workbench: Workbench, name: string): Promise<string> {
  mkdirSync(RESULTS, { recursive: true });
  const path = join(RESULTS, `${name}.png`);
  // Where the pointer raises no tooltip.
  await workbench.page.mouse.move(640, 884);
  await workbench.page.waitForTimeout(300);
  await workbench.page.screenshot({ path });
  return path;
}

/** For `afterEach`: what the workbench looked like when a test failed. */
export async function screenshotFailure(workbench: Workbench, test: Mocha.Test | undefined): Promise<void> {
  if (test?.state !== 'failed') return;
  await screenshot(workbench, `failed-${test.title.replaceAll(/\W+/g, '-').slice(0, 60)}`);
}

/** `<name>-dark.png`, `<name>-light.png` and `<name>-high-contrast.png`; the workbench is dark again after. */
export async function screenshotThemes(workbench: Workbench, name: string): Promise<void> {
  for (const theme of ['light', 'high-contrast', 'dark'] as const) {
    await setTheme(workbench, theme);
    await screenshot(workbench, `${name}-${theme}`);
  }
}

/** By the palette, as a user does it: this server's workbench does not read a settings file again. */
async function setTheme(workbench: Workbench, theme: Theme): Promise<void> {
  const { label, className } = THEMES[theme];
  await workbench.runCommand('Preferences: Color Theme');
  await workbench.quickInput().fill(label);
  await workbench.quickPick(label).click();
  await workbench.page.locator(`.monaco-workbench.${className}`).waitFor({ timeout: 15_000 });
  // A webview gets its colours by message, and hover effects fade.
  await workbench.page.waitForTimeout(700);
}
