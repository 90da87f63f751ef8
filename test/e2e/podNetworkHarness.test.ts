/** How a pod got its network in a plain browser: the real page and model on recordings of a real cluster. */
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { seriousViolations } from './accessibility.ts';
import { THEMES } from './harness.ts';
import type { HarnessPage } from './harness.ts';
import { useHarness } from './useHarness.ts';

const SCENARIOS = ['bridge', 'tunnel', 'routed', 'cilium', 'host', 'hostile'];

describe('how a pod got its network, in a browser', function () {
  this.timeout(60_000);
  const harness = useHarness();
  let shown: HarnessPage;

  const step = (kind: string): Locator => shown.page.locator(`.step[data-kind="${kind}"]`);
  const asked = (): Promise<{ type: string; content?: string }[]> =>
    shown.page.evaluate('harness.host.asked');
  /** Classes of a part of the drawing. */
  const drawn = async (selector: string): Promise<string> =>
    (await shown.page.locator(`svg.network ${selector}`).first().getAttribute('class')) ?? '';

  it('says of each step what happened, by which command, and what proves it', async () => {
    shown = await harness.open('pod-network-bridge');
    const words = await step('bridge-port').innerText();
    assert.match(words, /6\s*A port of cni0/);
    assert.match(words, /ip link set veth49a25b8e master cni0\nbridge link set dev veth49a25b8e hairpin on/);
    assert.match(words, /Forwarding table\s+ae:86:7f:c7:12:57 of the pod is behind veth49a25b8e/);
    assert.match(words, /A bridge is a switch in the kernel/);
    assert.match(words, /needs 2/);
    assert.match(await step('node-route').innerText(), /once for the node/);
    assert.match(await step('move').innerText(), /inferred/);
  });

  it('grows step by step, by keyboard', async () => {
    shown = await harness.open('pod-network-bridge');
    const next = shown.page.getByRole('button', { name: /Step by Step|Next/ });
    await next.focus();
    await shown.page.keyboard.press('Enter');
    assert.equal(await step('namespace').getByRole('button').first().getAttribute('aria-pressed'), 'true');
    assert.match(await drawn('.group-pod'), /now/);
    assert.match(await drawn('.cable'), /later/);
    await shown.page.keyboard.press('Enter');
    assert.match(await drawn('.cable'), /now/);
    assert.match(await drawn('.join-port'), /later/);
    await shown.page.getByText('Step 2 of 9').waitFor();
    await step('bridge-port')
      .getByRole('button', { name: /A port of cni0/ })
      .click();
    assert.match(await drawn('.join-port'), /now/);
    assert.match(await drawn('.cable'), /there/);
    await shown.page.getByRole('button', { name: 'Show All' }).click();
    assert.match(await drawn('.join-port'), /there/);
    await shown.page.getByText('All 9 steps').waitFor();
  });

  it('leads from an object to its interface, here or beside', async () => {
    shown = await harness.open('pod-network-bridge');
    const link = step('bridge-port').getByRole('button', { name: 'cni0', exact: true });
    await link.focus();
    await shown.page.keyboard.press('Enter');
    await step('veth-pair')
      .getByRole('button', { name: 'eth0', exact: true })
      .click({ modifiers: ['Control'] });
    const opened = (await asked()).filter(({ type }) => type === 'open');
    assert.deepEqual(opened, [
      { type: 'open', interface: { netns: 4026532337, ifindex: 2, name: 'cni0' }, beside: false },
      { type: 'open', interface: { netns: 4026532861, ifindex: 2, name: 'eth0' }, beside: true },
    ]);
  });

  it('copies all as text, and the commands of one step', async () => {
    shown = await harness.open('pod-network-routed');
    await shown.page.getByRole('button', { name: 'Copy as Text' }).click();
    await step('node-route').getByRole('button', { name: 'Copy the commands' }).click();
    const [text, commands] = (await asked()).flatMap(({ content }) => content ?? []);
    assert.match(text ?? '', /^How shop\/client on node-a got its network/);
    assert.equal(
      commands,
      'ip addr add 10.244.1.1/32 dev veth74948229\nip route add 10.244.1.3 dev veth74948229',
    );
  });

  it('draws no wire for a pod of the node’s network', async () => {
    shown = await harness.open('pod-network-host');
    assert.equal(await shown.page.locator('svg.network .cable, svg.network .group-pod').count(), 0);
    assert.match(
      await step('host-network').first().innerText(),
      /Nothing was made\s+Its spec says hostNetwork: true/,
    );
  });

  it('says that the pod is gone, and keeps what it had', async () => {
    shown = await harness.open('pod-network-cilium');
    const reason = 'shop/client is gone from node-a since 12:00:00: this is what it had.';
    await shown.page.evaluate(`harness.host.tell({ type: 'gone', reason: '${reason}' })`);
    await shown.page.getByText(reason).waitFor();
    assert.match(await step('move').innerText(), /9 and 10 follow each other/);
    await shown.page.evaluate("harness.host.tell({ type: 'nothing', reason: 'No such pod.' })");
    await shown.page.getByText('No such pod.').waitFor();
    assert.equal(await shown.page.getByRole('heading').count(), 0);
  });

  it('shows hostile names as text', async () => {
    shown = await harness.open('pod-network-hostile');
    assert.match(
      await shown.page.getByRole('heading', { level: 1 }).innerText(),
      /<img src=x onerror=alert\(1\)>$/,
    );
    assert.equal(await shown.page.locator('img, main script').count(), 0);
  });

  it('fits beside another editor without scrolling sideways as a whole', async () => {
    for (const scenario of ['tunnel', 'cilium']) {
      shown = await harness.open(`pod-network-${scenario}`);
      await shown.page.setViewportSize({ width: 480, height: 720 });
      const wide = await shown.page.evaluate(
        "[document.body, document.querySelector('main')].some((one) => one.scrollWidth > one.clientWidth)",
      );
      assert.equal(wide, false, scenario);
      if (scenario === 'tunnel') await shown.close();
    }
  });

  for (const theme of THEMES) {
    it(`has no serious accessibility violation: ${theme}`, async () => {
      for (const scenario of SCENARIOS) {
        shown = await harness.open(`pod-network-${scenario}`, theme);
        assert.deepEqual(await seriousViolations(shown.page), [], scenario);
        await shown.page.getByRole('button', { name: 'Step by Step' }).click();
        assert.deepEqual(await seriousViolations(shown.page), [], `${scenario}, first step`);
        if (scenario !== SCENARIOS.at(-1)) await shown.close();
      }
    });
  }
});
