/** The observation-point view in a plain browser: the real page and model on the wirings of the unit tests. */
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { seriousViolations } from './accessibility.ts';
import { THEMES } from './harness.ts';
import type { HarnessPage } from './harness.ts';
import { useHarness } from './useHarness.ts';

const SCENARIOS = ['same-node', 'tunnel', 'unexplained', 'unobserved', 'misaddressed', 'dropped'];

interface Asked {
  readonly type: string;
  readonly what?: string;
  readonly content?: string;
  readonly node?: string;
}

describe('the observation-point view in a browser', function () {
  this.timeout(60_000);
  const harness = useHarness();
  let shown: HarnessPage;

  const inside = (selector: string): Locator => shown.page.locator(`svg.diagram ${selector}`);
  const asked = (): Promise<Asked[]> => shown.page.evaluate('harness.host.asked');

  it('draws namespaces and interfaces in the order of the way, and what NAT and the tunnel did', async () => {
    shown = await harness.open('path-tunnel');
    const groups = await inside('.group-name').allInnerTexts();
    assert.deepEqual(groups.length, 4);
    const changes = await inside('.change').allTextContents();
    for (const change of ['DNAT', 'into tunnel', 'out of tunnel', 'DNAT undone']) {
      assert.ok(
        changes.some((text) => text.startsWith(change)),
        `${change}: ${changes.join()}`,
      );
    }
    assert.equal(await inside('.mark-unexplained').count(), 0);
  });

  it('says why a switched bridge and the uplink see nothing', async () => {
    shown = await harness.open('path-same-node');
    const reasons = await shown.page.getByRole('cell').allInnerTexts().then(String);
    assert.match(reasons, /cni0 passes the frames from veth2 to veth3/);
    assert.match(reasons, /the packets never leave it/);
    assert.match(await inside('.count-blank').allTextContents().then(String), /switched past/);
  });

  it('counts what it cannot explain, and asks for the node that is not observed', async () => {
    shown = await harness.open('path-unexplained');
    assert.match(
      await shown.page.locator('.path-notice.unexplained').innerText(),
      /2 points should have seen packets/,
    );
    await shown.close();
    shown = await harness.open('path-unobserved');
    await shown.page.getByRole('button', { name: 'Observe node-b' }).click();
    assert.deepEqual((await asked()).at(-1), { type: 'observeNode', node: 'node-b' });
  });

  it('says where packets were dropped and why, and marks it between two points', async () => {
    shown = await harness.open('path-dropped');
    assert.match(
      await shown.page.locator('.path-notice.problem').first().innerText(),
      /The kernel dropped 10 packets of the request at cni0 of node node-a: NETFILTER_DROP, a rule of netfilter/,
    );
    assert.equal(await inside('.way-request .lost-count').textContent(), '10 dropped');
    const rows = await shown.page.locator('table.points tr').allInnerTexts();
    const lost = rows.findIndex((row) => row.includes('10 packets dropped'));
    assert.match(rows[lost - 1] ?? '', /cni0\s+from-bridge/);
    assert.match(rows[lost + 1] ?? '', /to-network.*The kernel dropped the packets before they came here/s);
  });

  it('says first what does not arrive, and marks where', async () => {
    shown = await harness.open('path-misaddressed');
    const problem = shown.page.locator('.path-notice.problem');
    assert.equal(await problem.getAttribute('data-way'), 'reply');
    assert.match(await problem.innerText(), /but it asked 10\.96\.0\.10:80.*bridge-nf-call-iptables = 0/s);
    assert.equal(await inside('.way-reply .cross').count(), 1);
    assert.equal(await inside('.way-request .cross').count(), 0);
  });

  it('explains an interface that is chosen by keyboard alone', async () => {
    shown = await harness.open('path-same-node');
    const bridge = shown.page.getByRole('button', { name: /^cni0 of node node-a/ });
    await bridge.focus();
    await shown.page.keyboard.press('Enter');
    assert.match(await shown.page.locator('.lesson').innerText(), /A bridge is a switch in the kernel/);
    assert.equal(await bridge.getAttribute('aria-pressed'), 'true');
    await shown.page.keyboard.press('Enter');
    assert.equal(await bridge.getAttribute('aria-pressed'), 'false');
  });

  it('says how each element of the path works, and nothing of what it has not', async () => {
    const taught = (): Promise<string[]> =>
      shown.page.evaluate(
        "[...document.querySelectorAll('.lessons [data-lesson]')].map((one) => one.dataset.lesson)",
      );
    shown = await harness.open('path-tunnel');
    assert.deepEqual(await taught(), ['namespace', 'veth', 'bridge', 'route', 'dnat', 'tunnel', 'uplink']);
    assert.match(
      await shown.page.locator('.lessons').innerText(),
      /DNAT\s+DNAT replaces the destination address/,
    );
    await shown.close();
    shown = await harness.open('path-same-node');
    assert.deepEqual(await taught(), ['namespace', 'veth', 'bridge', 'route']);
  });

  it('copies the path as text, and as a drawing that needs no style sheet', async () => {
    shown = await harness.open('path-same-node');
    await shown.page.getByRole('button', { name: 'Copy as Text' }).click();
    await shown.page.getByRole('button', { name: 'Copy as SVG' }).click();
    const [text, drawing] = (await asked()).filter(({ type }) => type === 'copy');
    assert.match(text?.content ?? '', /^request\n {2}shop\/pod-a2 eth0 from-endpoint/);
    assert.match(drawing?.content ?? '', /^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    assert.doesNotMatch(drawing?.content ?? '', /class=|<!--|var\(/);
  });

  for (const theme of THEMES) {
    it(`has no serious accessibility violation: ${theme}`, async () => {
      for (const scenario of SCENARIOS) {
        shown = await harness.open(`path-${scenario}`, theme);
        await inside('.interface').first().click();
        assert.deepEqual(await seriousViolations(shown.page), [], scenario);
        if (scenario !== SCENARIOS.at(-1)) await shown.close();
      }
    });
  }
});
