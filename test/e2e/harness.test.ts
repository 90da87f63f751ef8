/** The flow table in a plain browser: the real page, store and feed, and a host that plays a scenario. */
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { seriousViolations } from './accessibility.ts';
import { THEMES } from './harness.ts';
import type { HarnessPage } from './harness.ts';
import { useHarness } from './useHarness.ts';

describe('the flow table in a browser', function () {
  this.timeout(60_000);
  const harness = useHarness();
  let shown: HarnessPage;

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
    await shown.page.getByRole('combobox', { name: 'Verdict' }).click();
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
    await shown.page.getByRole('button', { name: 'Columns' }).focus();
    await keyboard.press('Tab');
    assert.deepEqual(await shown.focused(), { row: 2, column: 1 });
    await keyboard.press('ArrowDown');
    await keyboard.press('ArrowRight');
    assert.deepEqual(await shown.focused(), { row: 3, column: 2 });
    await keyboard.press('End');
    assert.deepEqual(await shown.focused(), { row: 3, column: 12 });
    await keyboard.press('PageDown');
    const { row } = await shown.focused();
    assert.ok(row > 15, `a page down is row ${row}`);
    await keyboard.press('Control+End');
    await shown.page.locator('[aria-rowindex="20001"] :focus').waitFor();
    assert.deepEqual(await shown.focused(), { row: 20_001, column: 12 });
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
    await shown.page.getByRole('button', { name: 'Columns' }).focus();
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

  /** Waits until something of the page is so. */
  async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; attempt < 100; attempt++) {
      if (await holds()) return;
      await shown.page.waitForTimeout(50);
    }
    assert.fail(`not within 5 s: ${what}`);
  }

  const tooltip = (): Locator => shown.page.getByRole('tooltip');

  const whole = async (locator: Locator): Promise<boolean> => {
    const box = await locator.boundingBox();
    const size = shown.page.viewportSize();
    if (box === null || size === null) return false;
    return box.x >= 0 && box.y >= 0 && box.x + box.width <= size.width && box.y + box.height <= size.height;
  };

  it('tells by pointer why a name is shown, lets one point at the words, and takes them away', async () => {
    shown = await harness.open('translated');
    await shown.rows().first().waitFor();
    const server = shown.rows().filter({ hasText: 'web-1' }).first().locator('.cell-server');
    await server.hover();
    await tooltip().waitFor();
    const words = await tooltip().innerText();
    for (const sentence of [
      'Its packets came from a socket of this container.',
      'Its packets passed the veth of this pod.',
      'Kubernetes had given its address to this pod at that time.',
      'Connection tracking has it as the one that answered for the address asked.',
      'container server · Deployment web · node worker-a',
    ]) {
      assert.ok(words.includes(sentence), `${sentence} in ${words}`);
    }
    assert.ok(!words.includes('guessed'), words);
    assert.equal(await server.getAttribute('aria-describedby'), await tooltip().getAttribute('id'));
    await tooltip().hover();
    await shown.page.waitForTimeout(500);
    assert.ok(await tooltip().isVisible(), 'it stays while one points at it');
    await shown.page.mouse.move(5, 5);
    await tooltip().waitFor({ state: 'hidden' });
    assert.equal(await server.getAttribute('aria-describedby'), null);
  });

  it('tells by keyboard too, and Escape closes the words before the details', async () => {
    shown = await harness.open('uncertain');
    await shown.rows().first().waitFor();
    await shown.page.getByRole('button', { name: 'Columns' }).focus();
    await shown.page.keyboard.press('Tab');
    await shown.page.keyboard.press('Enter');
    await shown.page.locator('.detail').waitFor();
    await shown.page.keyboard.press('ArrowRight');
    const focused = shown.page.locator('.grid-cell:focus');
    // Described at once, for who reads by ear; shown a little later.
    assert.equal(await focused.getAttribute('aria-describedby'), await tooltipId());
    await tooltip().waitFor();
    assert.match(await tooltip().innerText(), /candidates|names/);
    await shown.page.keyboard.press('Escape');
    await tooltip().waitFor({ state: 'hidden' });
    assert.ok(await shown.page.locator('.detail').isVisible(), 'the details are still open');
    await shown.page.keyboard.press('Escape');
    await shown.page.locator('.detail').waitFor({ state: 'hidden' });
  });

  const tooltipId = (): Promise<string | null> => shown.page.locator('[role=tooltip]').getAttribute('id');

  it('never shows one of several as the name', async () => {
    shown = await harness.open('uncertain');
    await shown.rows().first().waitFor();
    const servers = await shown.column('server');
    assert.ok(servers.includes('several candidates 10.244.9.200'), servers.join());
    assert.ok(servers.includes('several names 203.0.113.44'), servers.join());
    assert.ok(servers.includes('worker-a several candidates'), servers.join());
    assert.ok(servers.includes('worker-b 1 candidate'), servers.join());
    for (const name of ['job-1', 'proxy-1', 'kubelet', 'api', 'payments']) {
      assert.ok(!servers.some((server) => server.includes(name)), `${name} in ${servers.join()}`);
    }
    await shown.rows().filter({ hasText: '10.244.9.200' }).first().locator('.cell-server').hover();
    await tooltip().waitFor();
    assert.match(await tooltip().innerText(), /It could be any of these:\s+shop\/job-1\s+shop\/job-2/);
  });

  it('marks guessed directions and says what the guess goes by', async () => {
    shown = await harness.open('uncertain');
    const told: string[] = [];
    for (const port of [40_000, 40_001, 40_002, 40_003]) {
      // All four between, or the row of the filter before would do.
      for (const [text, rows] of [
        ['8001', 4],
        [`8001 ${port}`, 1],
      ] as const) {
        await shown.page.getByRole('textbox').fill(text);
        await until(`rows of ${text}`, async () => (await shown.rows().count()) === rows);
      }
      const client = shown.rows().first().locator('.cell-client');
      const marks = await client.getByRole('img', { name: 'direction guessed' }).count();
      assert.equal(marks, port === 40_000 ? 0 : 1, `marks at ${port}`);
      await client.hover();
      await tooltip().waitFor();
      told.push(/is guessed.*: (.*)\./.exec(await tooltip().innerText())?.[1] ?? 'no guess');
      await shown.page.mouse.move(5, 5);
      await tooltip().waitFor({ state: 'hidden' });
    }
    assert.deepEqual(told, [
      'no guess',
      'the end with a Service’s address is taken for the server',
      'the end with the lower port is taken for the server',
      'the end that was seen to send first is taken for the client',
    ]);
  });

  it('keeps long words inside the window, at any place and size of it', async () => {
    shown = await harness.open('uncertain');
    for (const size of [
      { width: 1200, height: 700 },
      { width: 700, height: 400 },
      { width: 400, height: 260 },
    ]) {
      await shown.page.setViewportSize(size);
      await shown.page.getByRole('textbox').fill('worker-c');
      await until('four rows', async () => (await shown.rows().count()) === 4);
      for (const row of [0, 3]) {
        const cell = shown.rows().nth(row).locator('.cell-server');
        await cell.scrollIntoViewIfNeeded();
        await cell.hover();
        await tooltip().waitFor();
        await until(`inside ${JSON.stringify(size)}`, () => whole(tooltip()));
        assert.match(await tooltip().innerText(), /and 28 others/);
        await shown.page.mouse.move(5, 5);
        await tooltip().waitFor({ state: 'hidden' });
      }
    }
  });

  it('shows the Service with its port, what NAT did, and the container after the pod', async () => {
    shown = await harness.open('translated');
    await shown.rows().first().waitFor();
    await shown.page.setViewportSize({ width: 1700, height: 700 });
    const rows = await Promise.all(
      ['client', 'server', 'service', 'via'].map((column) => shown.column(column)),
    );
    const [clients = [], servers = [], services = [], vias = []] = rows;
    const line = (at: number): string[] => [clients, servers, services, vias].map((texts) => texts[at] ?? '');
    const lines = clients.map((_, at) => line(at)).sort((a, b) => a.join().localeCompare(b.join()));
    assert.deepEqual(lines, [
      [
        'example.org',
        'shop/web-2· server',
        'shop/web:80',
        'DNAT 10.96.0.10:80 → 10.244.2.3:8080, masqueraded as 10.0.0.2:41234',
      ],
      ['shop/client· server', '2001:db8::80', '', 'SNAT to 10.0.0.2:41234'],
      ['shop/client· server', 'example.org', '', 'masqueraded as 10.0.0.2:41234'],
      ['shop/client· server', 'shop/web-1· server', '', ''],
      ['shop/client· server', 'shop/web-1· server', 'shop/web:80', 'DNAT 10.96.0.10:80 → 10.244.1.3:8080'],
      ['shop/client· server', 'shop/web-2· server', 'shop/web:80', 'DNAT 10.96.0.10:80 → 10.244.2.3:8080'],
    ]);
    await shown.page.getByRole('textbox').fill(':41234');
    await until('rows by a port of NAT', async () => (await shown.rows().count()) === 3);
  });

  it('hides and shows columns by menu, keeps what was chosen, and never hides the last', async () => {
    shown = await harness.open('translated');
    await shown.rows().first().waitFor();
    const { keyboard } = shown.page;
    const heading = (name: string): Locator => shown.page.getByRole('columnheader', { name, exact: true });
    assert.equal(await heading('Duration').count(), 0);
    await shown.page.getByRole('button', { name: 'Columns' }).click();
    const menu = shown.page.getByRole('menu', { name: 'Columns' });
    const item = (name: string): Locator => menu.getByRole('menuitemcheckbox', { name, exact: true });
    await item('Duration').click();
    await heading('Duration').waitFor();
    assert.equal(await item('Duration').getAttribute('aria-checked'), 'true');
    await keyboard.press('Home');
    await keyboard.press('ArrowDown');
    await keyboard.press('Enter');
    await heading('Server').waitFor({ state: 'detached' });
    assert.ok((await shown.column('client'))[0]?.includes('shop/client') ?? false);
    await keyboard.press('Escape');
    await menu.waitFor({ state: 'detached' });
    assert.deepEqual(await shown.page.evaluate('harness.host.pageState.hiddenColumns'), ['points', 'server']);
    await heading('Client').click({ button: 'right' });
    for (const name of (await menu.innerText())
      .split('\n')
      .map((text) => text.trim())
      .filter(Boolean)) {
      if ((await item(name).getAttribute('aria-checked')) === 'true') await item(name).click({ force: true });
    }
    assert.equal(await shown.page.getByRole('columnheader').count(), 1);
    await shown.page.mouse.click(300, 400);
    await menu.waitFor({ state: 'detached' });
  });

  it('groups by workload and by Service, opens and closes groups, and adds them up', async () => {
    shown = await harness.open('translated');
    await shown.rows().first().waitFor();
    await shown.page.getByRole('combobox', { name: 'Group flows' }).click();
    await shown.page.getByRole('option', { name: 'By Service' }).click();
    const grid = shown.page.getByRole('treegrid', { name: 'Flows' });
    const names = (): Promise<string[]> =>
      shown.page.locator('.grid-row.group:visible .cell-text').allInnerTexts();
    const group = grid.locator('.grid-row.group:visible').filter({ hasText: 'shop/web' });
    await group.waitFor();
    assert.deepEqual((await names()).sort(), ['1 failed', 'No Service', 'shop/web']);
    assert.match(await group.innerText(), /Service · 3 flows/);
    assert.equal(await shown.page.evaluate('harness.host.pageState.grouping'), 'service', 'kept for later');
    assert.equal(await group.locator('.cell-sent').getAttribute('title'), '3 packets, 300 bytes');
    assert.deepEqual(
      [await group.getAttribute('aria-expanded'), await group.getAttribute('aria-level')],
      ['false', '1'],
    );
    await group.locator('.grid-cell').first().click();
    await until('three flows below', async () => (await shown.rows().count()) === 5);
    assert.equal(await group.getAttribute('aria-expanded'), 'true');
    assert.equal(await grid.locator('[aria-level="2"]:visible').count(), 3);
    assert.equal(await grid.getAttribute('aria-rowcount'), '6');
    await shown.page.keyboard.press('ArrowLeft');
    await until('closed again', async () => (await shown.rows().count()) === 2);
    await shown.page.keyboard.press('ArrowRight');
    await until('open again', async () => (await shown.rows().count()) === 5);
    await shown.page.keyboard.press('ArrowRight');
    assert.equal(
      await shown.page.evaluate("document.activeElement.classList.contains('cell-verdict')"),
      true,
      'one step over the name',
    );
    await shown.page.getByRole('button', { name: 'Expand All' }).click();
    await until('all open', async () => (await shown.rows().count()) === 8);
    await shown.page.getByRole('button', { name: 'Collapse All' }).click();
    await until('all closed', async () => (await shown.rows().count()) === 2);
    await shown.page.getByRole('combobox', { name: 'Group flows' }).click();
    await shown.page.getByRole('option', { name: 'By client workload' }).click();
    await until('clients', async () => (await names()).includes('shop/client'));
    assert.match(
      await grid.locator('.grid-row.group:visible').filter({ hasText: 'shop/client' }).innerText(),
      /Deployment · 5 flows/,
    );
    await shown.page.getByRole('textbox').fill('refused');
    await until('only what passes the filter', async () => (await shown.rows().count()) === 1);
    assert.match(await grid.locator('.grid-row.group:visible').innerText(), /1 flow\b/);
  });

  it('keeps drawing 20,000 flows in groups', async () => {
    shown = await harness.open('busy');
    await shown.rows().first().waitFor();
    await shown.page.evaluate("harness.host.post({ type: 'group', by: 'server' })");
    await shown.page.getByRole('button', { name: 'Expand All' }).click();
    const count = async (): Promise<number> =>
      Number(await shown.page.getByRole('treegrid').getAttribute('aria-rowcount'));
    await until('all in groups', async () => (await count()) > 20_001);
    const frames = await shown.framesPerSecond(3);
    const cost = await shown.page.evaluate<number>('harness.host.sortCost');
    console.log(`      ${frames.toFixed(0)} frames a second, grouped and sorted in ${cost.toFixed(1)} ms`);
    assert.ok((await shown.rows().count()) < 40);
  });

  it('shows hostile names as text and nothing else', async () => {
    shown = await harness.open('hostile');
    await shown.rows().first().waitFor();
    await shown.rows().nth(3).locator('.cell-verdict').click();
    await shown.page.getByRole('tab', { name: 'Endpoints' }).click();
    await shown.page.getByText('opened the connection').waitFor();
    assert.ok((await shown.column('client')).some((text) => text.includes('<img src=x onerror=')));
    await shown.rows().nth(3).locator('.cell-client').hover();
    await tooltip().waitFor();
    await until('inside the window', () => whole(tooltip()));
    await shown.page.evaluate("harness.host.post({ type: 'group', by: 'client' })");
    await shown.page.getByRole('treegrid').waitFor();
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
    // The page also says when it has drawn a window.
    const asked = (await shown.asked()).filter((type) => type !== 'received');
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
    const before = await shown.windows();
    const frames = await shown.framesPerSecond(5);
    const after = await shown.windows();
    const windows = after.sent - before.sent;
    console.log(`      ${frames.toFixed(0)} frames a second, ${(windows / 5).toFixed(1)} windows a second`);
    assert.ok(windows <= 55, `${windows} windows in 5 s`);
    // Each was acknowledged before the next was sent.
    for (const { sent, received } of [before, after]) {
      assert.ok(received >= sent - 1, `${received} of ${sent}`);
    }
  });

  for (const theme of THEMES) {
    it(`has no serious accessibility violation in ${theme}`, async () => {
      for (const scenario of ['steady', 'failure', 'uncertain', 'translated', 'stopped']) {
        shown = await harness.open(scenario, theme);
        if (scenario === 'uncertain') {
          await shown.rows().nth(2).locator('.cell-server').hover();
          await tooltip().waitFor();
        }
        if (scenario === 'translated') {
          await shown.page.evaluate("harness.host.post({ type: 'group', by: 'server' })");
          await shown.page.getByRole('button', { name: 'Expand All' }).click();
          await shown.page.getByRole('button', { name: 'Columns' }).click();
        }
        if (scenario === 'steady') {
          await shown.rows().nth(2).click();
          await shown.page.getByRole('button', { name: 'Ledger' }).click();
        }
        await shown.page.waitForTimeout(500);
        assert.deepEqual(await seriousViolations(shown.page), [], scenario);
        if (scenario !== 'stopped') await shown.close();
      }
    });
  }
});
