/** Live counts in the interface view and in the comparison, in VS Code on the lab: as many as tshark has on the same wire. */
import assert from 'node:assert/strict';
import type { Browser, FrameLocator } from 'playwright-core';
import { Lab } from '../lab/lab.ts';
import { openShop } from '../lab/shop.ts';
import { exchange } from '../lab/traffic.ts';
import { Sniffer } from '../lab/truth/sniffer.ts';
import { CodeServer } from './codeServer.ts';
import { extensionUnderTest } from './extensionFolder.ts';
import { screenshotFailure, screenshotThemes } from './screenshots.ts';
import { launchBrowser, Workbench } from './workbench.ts';

const BYTES = { send: 3000, receive: 5000 };

describe('live counts at interfaces in VS Code', function () {
  this.timeout(300_000);
  let lab: Lab;
  let browser: Browser;
  let server: CodeServer;
  let workbench: Workbench;

  before(async () => {
    lab = await Lab.build();
    lab.setOffloads(false);
    await openShop(lab);
    browser = await launchBrowser();
    const { name, netns } = lab.plan.node;
    server = await CodeServer.start({
      ...extensionUnderTest(),
      settings: { 'vethscope.localTargets': [{ name, netns, inventory: lab.inventory }] },
      environment: { KUBECONFIG: '/dev/null' },
    });
    workbench = await Workbench.open(browser, server.url());
    await workbench.openContainer('Vethscope');
    const node = workbench.treeItem(new RegExp(`^node ${name}`));
    await node.waitFor({ timeout: 60_000 });
    await workbench.chooseFromMenu(node, 'Observe Node');
    await node.click();
    const bridge = workbench.treeItem(/^bridge cni0/);
    await bridge.waitFor({ timeout: 60_000 });
    await bridge.click();
    await workbench.treeItem(wireOf('web-1')).waitFor({ timeout: 20_000 });
  });

  after(async () => {
    await browser.close();
    await server.stop();
    await lab.close();
  });

  afterEach(async function () {
    await screenshotFailure(workbench, this.currentTest);
  });

  const hostInterface = (pod: string): string => lab.pod(pod).hostInterface ?? '';
  const wireOf = (pod: string): RegExp => new RegExp(`^pod interface ${hostInterface(pod)}`);

  /** Packets and bytes that a kind's row tells; none where it counted nothing. */
  async function counted(view: FrameLocator, kind: string): Promise<{ packets: number; bytes: number }> {
    const cell = view.locator(`.traffic tr[data-kind="${kind}"] .counted`);
    if ((await cell.count()) === 0) return { packets: 0, bytes: 0 };
    const [, packets = '', bytes = ''] =
      /^([\d,]+) packets, ([\d,]+) bytes$/.exec((await cell.getAttribute('title')) ?? '') ?? [];
    return { packets: Number(packets.replaceAll(',', '')), bytes: Number(bytes.replaceAll(',', '')) };
  }

  it('counts of a kind at a veth what tshark has there, and contradicts nothing', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(wireOf('web-1')), 'Open Interface View');
    const view = await workbench.webview(`.interface-head h1:has-text("${hostInterface('web-1')}")`);
    await view.locator('.traffic tr[data-kind="total"] .rate .weak').waitFor({ timeout: 30_000 });
    // web-1 sends nothing outside by itself.
    assert.deepEqual(await counted(view, 'pod-to-outside'), { packets: 0, bytes: 0 });
    const outside = lab.plan.outside.addresses.ipv4;
    const sniffer = await Sniffer.start(lab.plan.node.netns, [hostInterface('web-1')], `host ${outside}`, [
      'frame.len',
    ]);
    for (let times = 0; times < 3; times++) {
      exchange(lab, lab.placeOf(lab.pod('web-1')), { address: outside, port: 443 }, BYTES);
    }
    const rows = await sniffer.end();
    const expected = { packets: rows.length, bytes: rows.reduce((sum, [bytes]) => sum + Number(bytes), 0) };
    assert.ok(expected.packets > 20, String(expected.packets));
    let found = await counted(view, 'pod-to-outside');
    for (let attempt = 0; attempt < 100 && found.packets < expected.packets; attempt++) {
      await workbench.page.waitForTimeout(100);
      found = await counted(view, 'pod-to-outside');
    }
    assert.deepEqual(found, expected);
    assert.equal(await view.locator('.contradiction').count(), 0);
    assert.ok((await counted(view, 'service-backend')).packets > 0);
  });

  it('opens the path of a flow that was seen there', async () => {
    const view = await workbench.webview(`.interface-head h1:has-text("${hostInterface('web-1')}")`);
    await view.locator('.seen-flows .flow-link').first().click();
    const path = await workbench.webview('svg.diagram');
    await path.locator('.interface').first().waitFor({ timeout: 20_000 });
    await workbench.runCommand('View: Close Editor');
  });

  it('shows what passes the bridge, in every theme', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^bridge cni0/), 'Open Interface View');
    const view = await workbench.webview('.interface-head h1:has-text("cni0")');
    await view.locator('.traffic tr[data-kind="total"] .rate .weak').waitFor({ timeout: 30_000 });
    assert.equal((await counted(view, 'pod-to-pod')).packets, 0);
    assert.ok((await counted(view, 'pod-to-outside')).packets > 0);
    assert.equal(await view.locator('.contradiction').count(), 0);
    await screenshotThemes(workbench, 'interface');
  });

  it('shows the uplink beside the bridge beside a pod’s wire, by three rows of the tree', async () => {
    await workbench.treeItem(/^uplink eth0/).click();
    await workbench.treeItem(/^bridge cni0/).click({ modifiers: ['Control'] });
    const wire = workbench.treeItem(wireOf('client'));
    await wire.click({ modifiers: ['Control'] });
    await workbench.chooseFromMenu(wire, 'Compare Interfaces…');
    const view = await workbench.webview('table.comparison');
    const cells = view.locator('tr[data-kind="pod-to-pod"] td');
    await view.locator('tr[data-kind="pod-to-pod"] .figures').nth(2).waitFor({ timeout: 30_000 });
    assert.deepEqual(
      await Promise.all([0, 1, 2].map((place) => cells.nth(place).getAttribute('data-passage'))),
      ['none', 'none', 'part'],
    );
    assert.deepEqual((await cells.locator('.figures').allInnerTexts()).slice(0, 2), [
      '0 packets',
      '0 packets',
    ]);
    assert.match(await cells.nth(2).locator('.figures').innerText(), /^[1-9][\d,]* packets/);
    assert.equal(await view.locator('.contradiction').count(), 0);
    await screenshotThemes(workbench, 'comparison');
  });
});
