import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { Harness } from './harness.ts';
import type { HarnessPage } from './harness.ts';
import { launchBrowser } from './workbench.ts';

/** The harness in a browser of its own, for the tests of a `describe`: what a page throws fails its test. */
export function useHarness(): Pick<Harness, 'open'> {
  let browser: Browser;
  let harness: Harness;
  const opened: HarnessPage[] = [];

  before(async () => {
    browser = await launchBrowser();
    harness = await Harness.start(browser);
  });

  after(async () => {
    await harness.close();
    await browser.close();
  });

  afterEach(async () => {
    const pages = opened.splice(0);
    for (const page of pages) await page.close();
    assert.deepEqual(
      pages.flatMap(({ errors }) => errors),
      [],
    );
  });

  return {
    open: async (...scenario) => {
      const page = await harness.open(...scenario);
      opened.push(page);
      return page;
    },
  };
}
