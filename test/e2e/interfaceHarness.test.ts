/** The interface view in a plain browser: the real page and model on the wirings of the unit tests. */
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { seriousViolations } from './accessibility.ts';
import { THEMES } from './harness.ts';
import type { HarnessPage } from './harness.ts';
import { useHarness } from './useHarness.ts';

const SCENARIOS = [
  'bridge',
  'promiscuous',
  'uplink',
  'pod',
  'routed',
  'tunnel',
  'hostile',
  'uncounted',
  'one-pod',
  'contradiction',
];

describe('the interface view in a browser', function () {
  this.timeout(60_000);
  const harness = useHarness();
  let shown: HarnessPage;

  const row = (kind: string): Locator => shown.page.locator(`tr[data-kind="${kind}"]`);
  const heading = (): Promise<string> => shown.page.getByRole('heading', { level: 1 }).innerText();

  it('says what a bridge cannot see, why, and who sees it', async () => {
    shown = await harness.open('interface-bridge');
    assert.equal(await row('pod-to-pod').getAttribute('data-passage'), 'none');
    const words = await row('pod-to-pod').innerText();
    assert.match(words, /cni0 switches the frames from port to port and takes none itself/);
    assert.match(words, /cni0 is not promiscuous/);
    assert.deepEqual(await row('pod-to-pod').getByRole('button').allInnerTexts(), ['veth2', 'veth3']);
    const ports = shown.page.getByRole('table', { name: 'Ports of cni0' });
    assert.match(await ports.innerText(), /veth2\s+shop\/pod-a2\s+up\s+0a:58:0a:f4:00:0c/);
  });

  it('says the opposite of a promiscuous bridge', async () => {
    shown = await harness.open('interface-promiscuous');
    assert.equal(await row('pod-to-pod').getAttribute('data-passage'), 'all');
    assert.match(await row('pod-to-pod').innerText(), /takes a copy of every frame/);
  });

  it('says that a tunnel hides pods’ packets from the uplink', async () => {
    shown = await harness.open('interface-uplink');
    assert.equal(await row('pod-to-other-node').getAttribute('data-passage'), 'inside');
    assert.deepEqual(await row('pod-to-other-node').getByRole('button').allInnerTexts(), [
      'cni0',
      'flannel.1',
    ]);
    assert.match(await row('host-network').innerText(), /hostNetwork pods share 10\.0\.0\.1/);
    assert.match(await row('pod-to-pod').innerText(), /the packets never leave it/);
  });

  it('opens another interface by a link, with the keyboard, and beside with Ctrl', async () => {
    shown = await harness.open('interface-bridge');
    await row('pod-to-pod').getByRole('button', { name: 'veth3' }).focus();
    await shown.page.keyboard.press('Enter');
    await shown.page.getByRole('heading', { level: 1, name: 'veth3' }).waitFor();
    await shown.page
      .locator('.facts')
      .getByRole('button', { name: 'cni0' })
      .click({ modifiers: ['Control'] });
    await shown.page.getByRole('heading', { level: 1, name: 'cni0' }).waitFor();
    const asked = await shown.page.evaluate("harness.host.asked.filter(({ type }) => type === 'open')");
    assert.deepEqual(asked, [
      { type: 'open', interface: { netns: 1000, ifindex: 13, name: 'veth3' }, beside: false },
      { type: 'open', interface: { netns: 1000, ifindex: 3, name: 'cni0' }, beside: true },
    ]);
  });

  it('asks for the flows, and copies the table as text', async () => {
    shown = await harness.open('interface-pod');
    await shown.page.getByRole('button', { name: 'Show Flows' }).click();
    await shown.page.getByRole('button', { name: 'Copy as Text' }).click();
    const asked = await shown.page.evaluate<{ type: string; content?: string }[]>('harness.host.asked');
    assert.deepEqual(
      asked.map(({ type }) => type),
      ['ready', 'showFlows', 'copy'],
    );
    assert.match(
      asked[2]?.content ?? '',
      /^sees part: Pod to pod on this node\. Only what shop\/pod-a2.* Counted: [\d,]+ packets/,
    );
  });

  it('shows counters and how fast they move', async () => {
    shown = await harness.open('interface-uplink');
    const words = await shown.page.locator('.statistics').innerText();
    assert.match(words, /Rate\s+1\.2 MB\/s\s+96 kB\/s/);
    assert.match(words, /Packets\s+1,204,113\s+980,021/);
  });

  it('counts each kind, and moves once a second without making anything anew', async () => {
    shown = await harness.open('interface-uplink');
    const cells = row('host-network').locator('td.align-end');
    const before = await cells.allInnerTexts();
    assert.match(before[0] ?? '', /^[\d.]+ k?B\/s\n[\d,.]+ packets\/s$/);
    assert.match(before[1] ?? '', /^[\d,]+ packets\n[\d.]+ [kM]B$/);
    assert.match(await row('pod-to-other-node').innerText(), /packets\n[\d.]+ [kM]B in tunnel/);
    assert.equal(await row('pod-to-pod').locator('td.align-end').last().innerText(), '0');
    await shown.page.evaluate(
      "document.querySelectorAll('.traffic tr').forEach((row) => (row.marked = true))",
    );
    await shown.page.evaluate('harness.host.tick()');
    assert.notDeepEqual(await cells.allInnerTexts(), before);
    const made = await shown.page.evaluate(
      "[...document.querySelectorAll('.traffic tr')].filter((row) => !row.marked).length",
    );
    assert.equal(made, 0);
    // Figures that move are not read out by themselves.
    assert.equal(await shown.page.locator('[aria-live], .traffic [role="status"]').count(), 0);
  });

  it('adds up to what passed in all', async () => {
    shown = await harness.open('interface-bridge');
    const packets = async (rows: Locator): Promise<number> => {
      const titles = await rows.evaluateAll((cells) =>
        cells.map((cell) => (cell as { title: string }).title),
      );
      return titles.reduce(
        (sum, title) => sum + Number((/^[\d,]+/.exec(title)?.[0] ?? '0').replaceAll(',', '')),
        0,
      );
    };
    const counted = shown.page.locator('tr[data-kind]:not([data-kind="total"]) .counted');
    const total = await packets(shown.page.locator('tr[data-kind="total"] .counted'));
    assert.ok(total > 1000);
    assert.equal(await packets(counted), total);
  });

  it('shows a count where the table has none as a contradiction', async () => {
    shown = await harness.open('interface-contradiction');
    const line = row('pod-to-pod');
    assert.equal(await line.getAttribute('data-passage'), 'none');
    assert.match(await line.innerText(), /[\d,]+ packets[^]*This contradicts the table/);
    assert.match(
      await shown.page.locator('.contradictions').innerText(),
      /One kind of traffic was\s+counted here although/,
    );
    await shown.close();
    shown = await harness.open('interface-bridge');
    assert.equal(await shown.page.locator('.contradiction, .contradictions').count(), 0);
  });

  it('says where nothing or one pod alone is counted, and observes the node by a button', async () => {
    shown = await harness.open('interface-uncounted');
    await shown.page.getByText('no session observes node-a').waitFor();
    assert.equal(await shown.page.locator('.counted').count(), 0);
    await shown.page.getByRole('button', { name: 'Observe node-a' }).click();
    await shown.close();
    shown = await harness.open('interface-one-pod');
    await shown.page.getByText('the flows of shop/pod-a2 alone').waitFor();
    await shown.page.getByRole('button', { name: 'Observe all of node-a' }).focus();
    await shown.page.keyboard.press('Enter');
    const asked = await shown.page.evaluate<{ type: string }[]>('harness.host.asked');
    assert.deepEqual(
      asked.map(({ type }) => type),
      ['ready', 'observe'],
    );
  });

  it('lists the flows that were seen, each of which opens its path', async () => {
    shown = await harness.open('interface-pod');
    const flows = shown.page.getByRole('table', { name: 'Flows seen here' });
    const first = flows.getByRole('button').first();
    assert.match(await first.innerText(), /shop\/pod-a2:/);
    await first.focus();
    await shown.page.keyboard.press('Enter');
    const asked =
      await shown.page.evaluate<{ type: string; flow?: { flow: number } }[]>('harness.host.asked');
    assert.equal(asked.at(-1)?.type, 'showPath');
    assert.ok((asked.at(-1)?.flow?.flow ?? 0) > 0);
  });

  it('shows hostile names as text, and says that the link is down', async () => {
    shown = await harness.open('interface-hostile');
    assert.equal(await heading(), '<img src=x onerror=alert(1)>');
    assert.equal(await shown.page.locator('img, main script').count(), 0);
    assert.match(await shown.page.getByRole('status').innerText(), /is down: nothing passes/);
  });

  it('says why there is nothing to show', async () => {
    shown = await harness.open('interface-bridge');
    const reason = 'There is no cni0 (3) on node-a any more.';
    await shown.page.evaluate(
      `harness.host.tell({ type: 'nothing', reason: '${reason}', unobserved: null })`,
    );
    await shown.page.getByText(reason).waitFor();
    assert.equal(await shown.page.getByRole('heading').count(), 0);
  });

  it('fits beside another editor without scrolling sideways as a whole', async () => {
    shown = await harness.open('interface-uplink');
    await shown.page.setViewportSize({ width: 560, height: 720 });
    const wide = await shown.page.evaluate(
      "[document.body, document.querySelector('main')].some((one) => one.scrollWidth > one.clientWidth)",
    );
    assert.equal(wide, false);
  });

  for (const theme of THEMES) {
    it(`has no serious accessibility violation: ${theme}`, async () => {
      for (const scenario of SCENARIOS) {
        shown = await harness.open(`interface-${scenario}`, theme);
        assert.deepEqual(await seriousViolations(shown.page), [], scenario);
        if (scenario !== SCENARIOS.at(-1)) await shown.close();
      }
    });
  }
});
