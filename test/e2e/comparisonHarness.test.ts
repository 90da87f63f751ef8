/** Interfaces side by side in a plain browser: the real page and model on the wirings of the unit tests. */
import assert from 'node:assert/strict';
import type { Locator } from 'playwright-core';
import { seriousViolations } from './accessibility.ts';
import { THEMES } from './harness.ts';
import type { HarnessPage } from './harness.ts';
import { useHarness } from './useHarness.ts';

const SCENARIOS = ['uplink-bridge-veth', 'two-veths', 'promiscuous', 'unobserved'];

describe('the comparison of interfaces in a browser', function () {
  this.timeout(60_000);
  const harness = useHarness();
  let shown: HarnessPage;

  const row = (kind: string): Locator => shown.page.locator(`tr[data-kind="${kind}"]`);
  const passages = (kind: string): Promise<(string | null)[]> =>
    row(kind)
      .locator('td')
      .evaluateAll((cells) =>
        cells.map((cell) =>
          (cell as { getAttribute(name: string): string | null }).getAttribute('data-passage'),
        ),
      );

  it('shows what the uplink, the bridge and a pod’s wire see of each kind, with counts, and marks what differs', async () => {
    shown = await harness.open('comparison-uplink-bridge-veth');
    assert.deepEqual(await passages('pod-to-pod'), ['none', 'none', 'part']);
    assert.deepEqual(await passages('pod-to-other-node'), ['inside', 'all', 'part']);
    assert.deepEqual(await passages('pod-masqueraded'), ['all', 'none', 'none']);
    assert.match(
      await row('pod-to-pod').innerText(),
      /only at veth2[^]*0 packets[^]*0 packets[^]*[1-9][\d,]* packets/,
    );
    assert.equal(await row('service-backend-on-other-node').getAttribute('data-differs'), '');
    const headings = await shown.page.getByRole('columnheader').allInnerTexts();
    assert.match(headings[3] ?? '', /veth2\s+pod interface · shop\/pod-a2 · node-a\s+[\d,]+ packets/);
  });

  it('shows only differences when asked, by the keyboard, and keeps that', async () => {
    shown = await harness.open('comparison-promiscuous');
    const all = await shown.page.locator('tbody tr').count();
    await shown.page.getByRole('checkbox', { name: 'Only differences' }).focus();
    await shown.page.keyboard.press('Space');
    const left = await shown.page.locator('tbody tr').count();
    assert.ok(left > 0 && left < all, `${left} of ${all}`);
    assert.equal(await shown.page.locator('tbody tr:not([data-differs])').count(), 0);
    assert.deepEqual(await passages('pod-to-pod'), ['none', 'all']);
    assert.equal(await shown.page.evaluate('harness.host.pageState'), 'only differences');
  });

  it('moves once a second without making anything anew', async () => {
    shown = await harness.open('comparison-two-veths');
    const figures = row('pod-to-pod').locator('.figures');
    const before = await figures.allInnerTexts();
    await shown.page.evaluate("document.querySelectorAll('tr').forEach((one) => (one.marked = true))");
    await shown.page.evaluate('harness.host.tick()');
    assert.notDeepEqual(await figures.allInnerTexts(), before);
    assert.equal(
      await shown.page.evaluate("[...document.querySelectorAll('tr')].filter((one) => !one.marked).length"),
      0,
    );
    assert.equal(await shown.page.locator('[aria-live]').count(), 0);
  });

  it('opens one of them, asks for others, and copies all as text', async () => {
    shown = await harness.open('comparison-uplink-bridge-veth');
    await shown.page.getByRole('button', { name: 'cni0' }).focus();
    await shown.page.keyboard.press('Enter');
    await shown.page.getByRole('button', { name: 'Choose Interfaces…' }).click();
    await shown.page.getByRole('button', { name: 'Copy as Text' }).click();
    const asked = await shown.page.evaluate<{ type: string; content?: string }[]>('harness.host.asked');
    assert.deepEqual(asked.slice(1, 3), [
      { type: 'open', place: 1, interface: { netns: 1000, ifindex: 3, name: 'cni0' }, beside: false },
      { type: 'choose' },
    ]);
    assert.match(
      asked[3]?.content ?? '',
      /^≠ Pod to pod on this node\n {2}eth0 on node-a: cannot see\..* Counted: 0 packets.*\n {2}cni0 on node-a: cannot see/,
    );
  });

  it('says what is not observed, and observes it by a button', async () => {
    shown = await harness.open('comparison-unobserved');
    await shown.page.getByText('node-b is not observed now').waitFor();
    await shown.page.getByText('the flows of shop/pod-a2 alone are counted').waitFor();
    await shown.page.getByRole('button', { name: 'Observe node-b' }).click();
    const asked = await shown.page.evaluate<unknown[]>('harness.host.asked');
    assert.deepEqual(asked.at(-1), { type: 'observe', place: 0 });
  });

  it('stands below each other where there is no room, still as a table', async () => {
    shown = await harness.open('comparison-uplink-bridge-veth');
    await shown.page.setViewportSize({ width: 480, height: 720 });
    const boxes = await Promise.all(
      [0, 1].map((place) => row('pod-to-pod').locator('td').nth(place).boundingBox()),
    );
    assert.ok((boxes[1]?.y ?? 0) > (boxes[0]?.y ?? 0));
    assert.equal(await shown.page.getByRole('table').getByRole('rowheader').count(), 15);
    const wide = await shown.page.evaluate(
      "[document.body, document.querySelector('main')].some((one) => one.scrollWidth > one.clientWidth)",
    );
    assert.equal(wide, false);
  });

  for (const theme of THEMES) {
    it(`has no serious accessibility violation: ${theme}`, async () => {
      for (const scenario of SCENARIOS) {
        shown = await harness.open(`comparison-${scenario}`, theme);
        assert.deepEqual(await seriousViolations(shown.page), [], scenario);
        if (scenario !== SCENARIOS.at(-1)) await shown.close();
      }
    });
  }
});
