/** The VS Code workbench as a user sees it, by Playwright. */
import { chromium } from 'playwright-core';
import type { Browser, FrameLocator, Locator, Page } from 'playwright-core';
import { chromiumExecutable } from './toolchain.ts';

const ARGUMENTS = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
  ...['--disable-component-update', '--disable-sync'],
  // Nothing but loopback resolves, service workers included.
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
];

export function launchBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumExecutable(), headless: true, args: ARGUMENTS });
}

export class Workbench {
  readonly page: Page;

  private constructor(page: Page) {
    this.page = page;
  }

  /** Opens the address in a fresh browser context and waits for the workbench. */
  static async open(browser: Browser, url: string): Promise<Workbench> {
    const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, locale: 'en-US' });
    const page = await context.newPage();
    await page.goto(url);
    await page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
    return new Workbench(page);
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  /**
   * Runs a command through the palette by its visible title ("Category: Title"). Tries again with a fresh palette:
   * extensions register their commands seconds after the workbench shows.
   */
  async runCommand(title: string, seconds = 30): Promise<void> {
    const input = this.quickInput();
    const row = this.quickPick(title);
    const end = Date.now() + seconds * 1000;
    for (;;) {
      await this.page.keyboard.press('F1');
      if (await shows(input)) {
        await input.fill(`>${title}`);
        if (await shows(row)) {
          await row.click();
          return;
        }
      }
      if (Date.now() > end) throw new Error(`the command palette does not offer "${title}"`);
      await this.page.keyboard.press('Escape');
    }
  }

  quickInput(): Locator {
    return this.page.locator('.quick-input-widget input[type="text"]').first();
  }

  quickPick(text: string): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row').getByText(text, { exact: true }).first();
  }

  /** Opens a view container from the activity bar by its title. */
  async openContainer(title: string): Promise<void> {
    const icon = this.page.locator('.part.activitybar').getByRole('tab', { name: title });
    await icon.waitFor({ timeout: 30_000 });
    if ((await icon.getAttribute('aria-selected')) !== 'true') await icon.click();
  }

  treeItem(name: string | RegExp): Locator {
    return this.page.locator('.part.sidebar').getByRole('treeitem', { name }).first();
  }

  /** Right-clicks and chooses; returns the time of the click that counted. */
  async chooseFromMenu(target: Locator, entry: string): Promise<number> {
    await target.click({ button: 'right' });
    const item = this.menuItem(entry);
    await item.waitFor();
    for (;;) {
      const time = performance.now();
      await item.click();
      // A menu takes no click in the moment after it opens.
      const gone = item.waitFor({ state: 'detached', timeout: 1500 });
      const closed = await gone.then(
        () => true,
        () => false,
      );
      if (closed) return time;
    }
  }

  menuItem(entry: string): Locator {
    // A key beside it is a part of its name.
    const label = this.page.locator('.action-label').getByText(entry, { exact: true });
    return this.page.locator('.monaco-menu').getByRole('menuitem').filter({ has: label });
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notifications-toasts .notification-toast').filter({ hasText: text });
  }

  /** A modal question. */
  dialog(): Locator {
    return this.page.locator('.monaco-dialog-box');
  }

  async answerDialog(button: string): Promise<void> {
    await this.dialog().getByRole('button', { name: button, exact: true }).click();
  }

  /** Answers the save dialog, which takes no answer while it lists a folder. */
  async saveAs(path: string): Promise<void> {
    const ok = this.page.locator('.quick-input-widget').getByRole('button', { name: 'OK', exact: true });
    await ok.waitFor();
    for (;;) {
      // The dialog fills in its own proposal, and then lists the folder of what is typed: OK before takes the proposal.
      await this.#settled();
      await this.quickInput().fill(path);
      await this.#settled();
      if ((await this.quickInput().inputValue()) !== path) continue;
      await ok.click();
      const closed = await ok.waitFor({ state: 'hidden', timeout: 3000 }).then(
        () => true,
        () => false,
      );
      if (closed) return;
    }
  }

  /** Waits until the input and its list have looked alike for a second. */
  async #settled(): Promise<void> {
    const look = async (): Promise<string> =>
      `${await this.quickInput().inputValue()}\n${await this.page.locator('.quick-input-list').innerText()}`;
    for (let before = await look(); ;) {
      await this.page.waitForTimeout(1000);
      const now = await look();
      if (now === before) return;
      before = now;
    }
  }

  statusBarItem(text: string | RegExp): Locator {
    return this.page.locator('.part.statusbar .statusbar-item').filter({ hasText: text }).first();
  }

  /**
   * The document in a webview. VS Code nests two frames: its own bootstrap page and, within, the extension's. With
   * several webviews open, marker is a selector that only the wanted document matches.
   */
  async webview(marker: string, seconds = 30): Promise<FrameLocator> {
    const end = Date.now() + seconds * 1000;
    for (;;) {
      const outer = this.page.locator('iframe.webview');
      for (let index = 0; index < (await outer.count()); index++) {
        const inner = outer.nth(index).contentFrame().frameLocator('#active-frame');
        if (await holds(inner, marker)) return inner;
      }
      if (Date.now() > end) throw new Error(`no webview contains ${marker}`);
      await this.page.waitForTimeout(50);
    }
  }
}

async function shows(locator: Locator): Promise<boolean> {
  return locator.waitFor({ timeout: 1500 }).then(
    () => true,
    () => false,
  );
}

/** A frame that is being replaced cannot be asked; the next attempt finds its successor. */
async function holds(frame: FrameLocator, marker: string): Promise<boolean> {
  return frame
    .locator(marker)
    .count()
    .then(
      (count) => count > 0,
      () => false,
    );
}
