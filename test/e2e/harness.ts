/** The pages in a plain browser: dist/harness served on loopback, opened by scenario and theme. */
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';

const FOLDER = resolve(import.meta.dirname, '../../dist/harness');
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.ttf': 'font/ttf',
};

export const THEMES = ['dark', 'light', 'high-contrast', 'high-contrast-light'] as const;

export class Harness {
  readonly #server: Server;
  readonly #browser: Browser;

  private constructor(server: Server, browser: Browser) {
    this.#server = server;
    this.#browser = browser;
  }

  static async start(browser: Browser): Promise<Harness> {
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://harness');
      const name = pathname === '/' ? 'index.html' : pathname.slice(1);
      // Only the files that are there by name: no folder of the address is followed.
      readFile(join(FOLDER, name.replaceAll('/', ''))).then(
        (content) => response.setHeader('content-type', TYPES[extname(name)] ?? 'text/plain').end(content),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    return new Harness(server, browser);
  }

  /** A page that plays a scenario; what it throws fails the test that asks `page.errors`. */
  async open(scenario: string, theme: (typeof THEMES)[number] = 'dark'): Promise<HarnessPage> {
    const page = await this.#browser.newPage({ viewport: { width: 1280, height: 720 } });
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    const { port } = this.#server.address() as AddressInfo;
    await page.goto(`http://127.0.0.1:${port}/?scenario=${scenario}&theme=${theme}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    return new HarnessPage(page, errors);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}

export class HarnessPage {
  readonly page: Page;
  readonly errors: readonly string[];

  constructor(page: Page, errors: readonly string[]) {
    this.page = page;
    this.errors = errors;
  }

  rows(): ReturnType<Page['locator']> {
    return this.page.locator('.grid-body [role="row"]:visible');
  }

  /** Texts of one column at one moment, from the top row on. */
  column(id: string): Promise<string[]> {
    return this.page.evaluate(
      `[...document.querySelectorAll('.grid-row:not([hidden])')]
        .sort((a, b) => a.getAttribute('aria-rowindex') - b.getAttribute('aria-rowindex'))
        .map((row) => row.querySelector('.cell-${id}').textContent)`,
    );
  }

  /** Types of the messages that the page sent. */
  asked(): Promise<string[]> {
    return this.page.evaluate('harness.host.asked');
  }

  /** Windows that the page was sent and those that it said it had drawn, at one moment. */
  windows(): Promise<{ sent: number; received: number }> {
    return this.page.evaluate(
      `({ sent: harness.host.windows, received: harness.host.asked.filter((type) => type === 'received').length })`,
    );
  }

  /** Row and column of the focused cell, counted from 1 with the heading as row 1. */
  async focused(): Promise<{ row: number; column: number }> {
    return this.page.evaluate(
      `({
        row: Number(document.activeElement.closest('[role=row]')?.getAttribute('aria-rowindex')),
        column: Number(document.activeElement.getAttribute('aria-colindex')),
      })`,
    );
  }

  /** Frames drawn in a second. */
  framesPerSecond(seconds: number): Promise<number> {
    return this.page.evaluate(
      `new Promise((done) => {
        const start = performance.now();
        let frames = 0;
        const frame = (now) => {
          frames++;
          if (now - start < ${seconds} * 1000) requestAnimationFrame(frame);
          else done(frames / ((now - start) / 1000));
        };
        requestAnimationFrame(frame);
      })`,
    );
  }

  async close(): Promise<void> {
    await this.page.close();
  }
}
