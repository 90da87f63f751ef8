/** The flow table in a plain browser: the real page, store and feed, and a host that plays a scenario. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Browser } from 'playwright-core';
import { Harness, THEMES } from './harness.ts';
import type { HarnessPage } from './harness.ts';
import { launchBrowser } from './workbench.ts';

const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

interface Violation {
  readonly id: string;
  readonly impact: string | null;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

describe('the flow table in a browser', function () {
  this.timeout(60_000);
  let browser: Browser;
  let harness: Harness;
  let shown: HarnessPage;

  before(async () => {
    browser = await launchBrowser();
    harness = await Harness.start(browser);
  });

  after(async () => {
    await harness.close();
    await browser.close();
  });

  afterEach(async () => {
    assert.deepEqual(shown.errors, []);
    await shown.close();
  });

  it('draws the rows in sight of a table that says how many there are', async () => {
    shown = await harness.open('steady');
    await shown.rows().first().waitFor();
    assert.equal(await shown.page.getByRole('grid').getAttribute('aria-rowcount'), '61');
    const drawn = await shown.rows().count();
    assert.ok(drawn > 15 && drawn < 40, `${drawn} rows are drawn`);
    assert.match((await shown.column('client'))[0] ?? '', /^shop\//);
    assert.ok((await shown.column('verdict')).includes('Forwarded'));
  });

  it('scrolls to the last row, and draws no more rows for it', async () => {
    shown = await harness.open('busy');
    await shown.rows().first().waitFor();
    await shown.page.evaluate("document.querySelector('.grid').scrollTop = 1e9");
    await shown.page.locator('[aria-rowindex="20001"]:visible').waitFor();
    assert.ok((await shown.rows().count()) < 40);
  });

  it('sorts by a heading, figures from the largest down first', async () => {
    shown = await harness.open('stopped');
    await shown.rows().first().waitFor();
    const heading = shown.page.getByRole('columnheader', { name: 'Port' });
    const ports = async (): Promise<number[]> => (await shown.column('port')).filter(Boolean).map(Number);
    await heading.click();
    await shown.page.locator('[role="columnheader"][aria-sort="descending"]', { hasText: 'Port' }).waitFor();
    await shown.page.waitForTimeout(300);
    const descending = await ports();
    assert.deepEqual(
      descending,
      [...descending].sort((a, b) => b - a),
    );
    await heading.click();
    await shown.page.locator('[role="columnheader"][aria-sort="ascending"]', { hasText: 'Port' }).waitFor();
    await shown.page.waitForTimeout(300);
    assert.deepEqual(await ports(), descending.reverse());
  });

  it('filters as you type, says how many match, and shows all again after Escape', async () => {
    shown = await harness.open('stopped');
    await shown.rows().first().waitFor();
    await shown.page.getByRole('textbox').pressSequentially('payment 9090', { delay: 5 });
    await shown.page.getByText(/^\d+ of 18 flows$/).waitFor();
    // The table follows the typing: what is shown first may be the answer to the first letters.
    const isAnswer = async (): Promise<boolean> => {
      const [servers, ports] = [await shown.column('server'), await shown.column('port')];
      return (
        servers.length > 0 &&
        servers.every((server) => server.includes('payment')) &&
        ports.every((port) => port === '9090')
      );
    };
    for (let attempt = 0; attempt < 50 && !(await isAnswer()); attempt++) {
      await shown.page.waitForTimeout(100);
    }
    assert.ok(await isAnswer(), (await shown.column('server')).join());
    await shown.page.keyboard.press('Escape');
    await shown.page.getByText('18 flows', { exact: true }).waitFor();
  });

  it('filters by verdict, and says when nothing matches', async () => {
    shown = await harness.open('stopped');
    await shown.rows().first().waitFor();
    await shown.page.locator('vscode-dropdown').click();
    await shown.page.getByRole('option', { name: 'Refused' }).click();
    await shown.page.getByText(/^\d+ of 18 flows$/).waitFor();
    assert.deepEqual([...new Set(await shown.column('verdict'))], ['Refused']);
    await shown.page.getByRole('textbox').fill('no such thing');
    await shown.page.getByText('No flow matches the filter').waitFor();
    await shown.page.getByRole('button', { name: 'Clear Filter' }).last().click();
    await shown.page.getByText('18 flows', { exact: true }).waitFor();
  });

  it('is usable by keyboard alone', async () => {
    shown = await harness.open('busy');
    await shown.rows().first().waitFor();
    const { keyboard } = shown.page;
    await shown.page.getByRole('checkbox').focus();
    await keyboard.press('Tab');
    assert.deepEqual(await shown.focused(), { row: 2, column: 1 });
    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowRight');
    assert.deepEqual(await shown.focused(), { row: 3, column: 2 });
    await keyboard.press('End');
    assert.deepEqual(await shown.focused(), { row: 3, column: 13 });
    await keyboard.press('PageDown');
    const { row } = await shown.focused();
    assert.ok(row > 15, `a page down is row ${row}`);
    await keyboard.press('Control+End');
    await shown.page.locator('[aria-rowindex="20001"] :focus').waitFor();
    assert.deepEqual(await shown.focused(), { row: 20_001, column: 13 });
    await keyboard.press('Control+Home');
    await shown.page.locator('[aria-rowindex="2"] :focus').waitFor();
    await keyboard.press('ArrowUp');
    assert.deepEqual(await shown.focused(), { row: 1, column: 1 });
    await keyboard.press('Enter');
    await shown.page.locator('[role="columnheader"][aria-sort="ascending"]', { hasText: 'Client' }).waitFor();
    assert.equal(await shown.page.locator('.grid [tabindex="0"]').count(), 1, 'one tab stop');
  });

  it('opens the details of a row with Enter, keeps them up to date, and closes them with Escape', async () => {
    shown = await harness.open('steady');
    await shown.rows().first().waitFor();
    await shown.page.getByRole('checkbox').focus();
    await shown.page.keyboard.press('Tab');
    await shown.page.keyboard.press('Enter');
    await shown.page.getByText(/\d tuples? at \d points/).waitFor();
    assert.equal(await shown.page.locator('.grid-row.selected:visible').count(), 1);
    assert.match(await shown.page.locator('.detail tbody').innerText(), /from-endpoint/);
    await shown.page.getByRole('tab', { name: 'Endpoints' }).click();
    await shown.page.getByText('opened the connection').waitFor();
    await shown.page.keyboard.press('Escape');
    await shown.page.locator('.detail').waitFor({ state: 'hidden' });
    assert.ok((await shown.focused()).row >= 1, 'the focus is back in the table');
  });

  it('says what carries a flow to another node', async () => {
    shown = await harness.open('steady');
    await shown.rows().first().waitFor();
    await shown.rows().filter({ hasText: 'coredns' }).first().locator('.cell-verdict').click();
    const lines = shown.page.locator('.detail p.tunnel');
    await lines.first().waitFor();
    assert.deepEqual(
      (await lines.allInnerTexts()).map((text) => text.replaceAll(/\s+/g, ' ')),
      [
        'The client’s packets are carried by VXLAN 1 from 172.18.0.3:51611 to 172.18.0.4:8472.',
        'The server’s packets are carried by VXLAN 1 from 172.18.0.4:40212 to 172.18.0.3:8472.',
      ],
    );
  });

  it('freezes while paused', async () => {
    shown = await harness.open('steady');
    await shown.rows().first().waitFor();
    await shown.page.getByRole('button', { name: 'Pause' }).click();
    await shown.page.getByText('Paused', { exact: true }).waitFor();
    await shown.page.waitForTimeout(300);
    const before = await shown.column('sent');
    await shown.page.waitForTimeout(2500);
    assert.deepEqual(await shown.column('sent'), before);
    await shown.page.getByRole('button', { name: 'Resume' }).click();
    await shown.page.waitForTimeout(2500);
    assert.notDeepEqual(await shown.column('sent'), before);
  });

  it('sizes a column by keyboard', async () => {
    shown = await harness.open('stopped');
    await shown.rows().first().waitFor();
    const heading = shown.page.getByRole('columnheader', { name: 'Client' });
    const width = async (): Promise<number> => (await heading.boundingBox())?.width ?? 0;
    const before = await width();
    await heading.click();
    await heading.focus();
    await shown.page.keyboard.press('Alt+ArrowRight');
    await shown.page.keyboard.press('Alt+ArrowRight');
    assert.equal(Math.round(await width()), Math.round(before) + 20);
  });

  it('shows hostile names as text and nothing else', async () => {
    shown = await harness.open('hostile');
    await shown.rows().first().waitFor();
    await shown.rows().nth(3).locator('.cell-verdict').click();
    await shown.page.getByRole('tab', { name: 'Endpoints' }).click();
    await shown.page.getByText('opened the connection').waitFor();
    assert.ok((await shown.column('client')).some((text) => text.includes('<img src=x onerror=')));
    assert.equal(await shown.page.evaluate('globalThis.hacked'), undefined);
    assert.equal(
      await shown.page.locator('body img, body script:not([src="harness.js"]), body iframe').count(),
      0,
    );
  });

  it('explains a failure and offers what helps', async () => {
    shown = await harness.open('failure');
    await shown.page.getByRole('alert').getByText('violates PodSecurity').waitFor();
    for (const name of ['Restart', 'Show Log', 'Open Settings']) {
      await shown.page.getByRole('button', { name }).click();
    }
    const asked = await shown.asked();
    assert.deepEqual(asked.slice(-3), ['restart', 'showLog', 'openSettings']);
  });

  it('says why there are no rows yet', async () => {
    shown = await harness.open('empty');
    await shown.page.getByText('No packets yet').waitFor();
  });

  it('opens the ledger to every figure', async () => {
    shown = await harness.open('steady');
    await shown.page.getByRole('button', { name: 'Ledger' }).click();
    const ledger = shown.page.getByRole('region', { name: 'Ledger' });
    assert.match(await ledger.innerText(), /Unparsed: arp\s+38/);
    assert.match(await ledger.innerText(), /veth3f9a21c7\s+from-endpoint/);
    assert.match(await ledger.innerText(), /Dropped packet\s+540 ns/);
    assert.match(await ledger.innerText(), /Kernel memory\s+58 MB/);
  });

  it('keeps drawing while 5,000 rows a second arrive, one window at a time', async () => {
    shown = await harness.open('busy');
    await shown.rows().first().waitFor();
    await shown.page.waitForTimeout(1000);
    const [before, received] = [await shown.windows(), await receivedCount()];
    const frames = await shown.framesPerSecond(5);
    const windows = (await shown.windows()) - before;
    console.log(`      ${frames.toFixed(0)} frames a second, ${(windows / 5).toFixed(1)} windows a second`);
    assert.ok(windows <= 55, `${windows} windows in 5 s`);
    // Each was acknowledged before the next was sent.
    assert.ok((await receivedCount()) - received >= windows - 1);
  });

  const receivedCount = async (): Promise<number> =>
    (await shown.asked()).filter((type) => type === 'received').length;

  for (const theme of THEMES) {
    it(`has no serious accessibility violation in ${theme}`, async () => {
      for (const scenario of ['steady', 'failure', 'stopped']) {
        shown = await harness.open(scenario, theme);
        if (scenario === 'steady') {
          await shown.rows().nth(2).click();
          await shown.page.getByRole('button', { name: 'Ledger' }).click();
        }
        await shown.page.waitForTimeout(500);
        assert.deepEqual(await seriousViolations(), [], scenario);
        if (scenario !== 'stopped') await shown.close();
      }
    });
  }

  async function seriousViolations(): Promise<string[]> {
    await shown.page.evaluate(AXE);
    const violations = await shown.page.evaluate<readonly Violation[]>('axe.run().then((r) => r.violations)');
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html.slice(0, 200)} ${failureSummary ?? ''}`),
      );
  }
});
