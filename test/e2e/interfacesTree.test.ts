/** Node Interfaces in VS Code on the lab, with a running agent: what its rows tell, and where they lead. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { run, runIn } from '../lab/commands.ts';
import { Lab } from '../lab/lab.ts';
import { openShop } from '../lab/shop.ts';
import { Sniffer } from '../lab/truth/sniffer.ts';
import { CodeServer } from './codeServer.ts';
import { extensionUnderTest } from './extensionFolder.ts';
import { FlowsView } from './flowsView.ts';
import { screenshot, screenshotFailure, screenshotThemes } from './screenshots.ts';
import { launchBrowser, Workbench } from './workbench.ts';

/** A whole frame, as a sum of it. */
const FRAME = ['frame.len', 'frame.md5_hash'] as const;
const MD5 = ['-o', 'frame.generate_md5_hash:TRUE'];

describe('Node Interfaces in VS Code', function () {
  this.timeout(180_000);
  let lab: Lab;
  let browser: Browser;
  let server: CodeServer;
  let workbench: Workbench;

  before(async () => {
    lab = await Lab.build();
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
    await workbench.treeItem(/^Bridges/).waitFor({ timeout: 60_000 });
  });

  after(async () => {
    await browser.close();
    await server.stop();
    await lab.close();
  });

  afterEach(async function () {
    await screenshotFailure(workbench, this.currentTest);
  });

  const wireOf = (pod: string): ReturnType<Workbench['treeItem']> =>
    workbench.treeItem(new RegExp(`^pod interface veth.*, shop/${pod}\\b`));

  /** The clipboard is written after the menu closed. */
  async function copied(wanted: RegExp): Promise<string> {
    let text = '';
    for (let attempt = 0; attempt < 50 && !wanted.test(text); attempt++) {
      await workbench.page.waitForTimeout(100);
      text = await workbench.page.evaluate('navigator.clipboard.readText()');
    }
    assert.match(text, wanted);
    return text;
  }

  it('tells how much passes and what is observed, and keeps what is selected meanwhile', async () => {
    const wire = wireOf('client');
    await wire.click();
    await wire.and(workbench.page.locator('[aria-label*="/s"]')).waitFor({ timeout: 20_000 });
    assert.match(
      (await wire.getAttribute('aria-label')) ?? '',
      /, shop\/client, [\d.]+ [kM]?B\/s, observed$/,
    );
    assert.match(await wire.innerText(), /shop\/client/);
    assert.match(
      (await wire.locator('.monaco-icon-label').first().getAttribute('class')) ?? '',
      /monaco-decoration/,
    );
    await workbench.page.waitForTimeout(6000);
    assert.equal(await wire.getAttribute('aria-selected'), 'true');
    assert.equal(await wire.getAttribute('aria-expanded'), 'true');
    await wire.locator('.monaco-tl-twistie').click();
  });

  it('lists the sockets of a pod as ss does', async () => {
    await wireOf('web-1').click();
    await workbench.treeItem(/^Sockets/).click();
    const { netns } = lab.pod('web-1');
    const listed = (): string[] =>
      runIn(netns, 'ss', ['-H', '-n', '-t', '-l'])
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => `socket tcp ${(line.split(/\s+/)[3] ?? '').replace(/^\*:/, '[::]:')}`);
    await workbench.treeItem(/^socket/).waitFor();
    const shown: string[] = [];
    const rows = workbench.page
      .locator('.part.sidebar')
      .getByRole('treeitem', { name: /^socket .*, listen/ });
    for (const row of await rows.all()) shown.push((await row.getAttribute('aria-label')) ?? '');
    assert.deepEqual(shown.map((label) => label.replace(/, listen.*$/, '')).sort(), listed().sort());
    assert.ok(shown.length > 0);
    await workbench.treeItem(/^Routes/).click();
    await workbench.treeItem(/^route default, via/).waitFor();
    await screenshotThemes(workbench, 'node-interfaces');
    await wireOf('web-1').locator('.monaco-tl-twistie').click();
  });

  it('copies the name of the selected row by the keyboard', async () => {
    await workbench.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await workbench.treeItem(/^uplink eth0/).click();
    await workbench.page.keyboard.press('Control+c');
    await copied(/^eth0$/);
  });

  it('shows the flows that were seen at an interface, and no others', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^uplink eth0/), 'Show Flows');
    const flows = await FlowsView.find(workbench);
    await flows.firstRow();
    assert.equal(await flows.frame.locator('.filter input').inputValue(), 'interface:eth0');
    // Pods that talk to each other through the bridge do not pass the uplink.
    const servers = (await flows.rows()).map(({ text }) => text.server);
    assert.deepEqual(
      servers.filter((server) => server.startsWith('shop/web')),
      [],
    );
    await workbench.chooseFromMenu(wireOf('client'), 'Show Flows');
    await flows.frame.getByText(/^[\d,]+ of [\d,]+ flows$/).waitFor();
    await flows.rowLocator().filter({ hasText: 'shop/web' }).first().waitFor();
    const clients = (await flows.rows()).map(({ text }) => text.client);
    assert.deepEqual(
      clients.filter((client) => !client.startsWith('shop/client')),
      [],
    );
    await screenshot(workbench, 'flows-of-an-interface');
  });

  it('says what is wrong with a filter, and offers what it may become', async () => {
    const flows = await FlowsView.find(workbench);
    await flows.filter('interfce:eth0');
    await flows.frame.getByText('There is no field “interfce”').waitFor();
    await flows.filter('poi');
    await flows.frame.getByRole('button', { name: 'point:' }).click();
    await flows.frame.getByText('Write a part of an observation point’s name').waitFor();
    await screenshot(workbench, 'filter-help');
    await flows.filter('shop/web-1');
  });

  it('leads from a flow to its pod in the tree', async () => {
    const flows = await FlowsView.find(workbench);
    await flows.rowLocator().filter({ hasText: 'shop/web-1' }).first().click();
    await flows.frame.getByRole('tab', { name: 'Endpoints' }).click();
    await flows.frame
      .locator('.card', { hasText: 'shop/web-1' })
      .getByRole('button', { name: 'Reveal Pod' })
      .click();
    const row = wireOf('web-1').and(workbench.page.locator('[aria-selected="true"]'));
    await row.waitFor();
    await screenshot(workbench, 'reveal-pod');
  });

  it('leads from an interface to the path of a flow that was seen there', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^bridge cni0/), 'Observation Points…');
    await workbench.page.locator('.quick-input-list .monaco-list-row').first().waitFor();
    await screenshot(workbench, 'choose-a-flow');
    await workbench.page.keyboard.press('Enter');
    const path = await workbench.webview('.path, [data-point], svg');
    await path.locator('body').waitFor();
  });

  it('captures what passes at a pod’s interface into a file, until cancelled', async () => {
    const sniffer = await Sniffer.start(
      lab.plan.node.netns,
      [lab.pod('client').hostInterface ?? ''],
      'tcp',
      FRAME,
      MD5,
    );
    await workbench.chooseFromMenu(wireOf('client'), 'Capture…');
    await workbench.quickInput().fill('htp');
    await workbench.quickPick('“htp” is no protocol, port or address').waitFor();
    await workbench.quickInput().fill('tcp');
    await workbench.page.locator('.quick-input-list').getByText('only tcp').first().waitFor();
    await screenshot(workbench, 'capture');
    await workbench.quickPick('Until stopped').click();
    const file = join(server.folder, 'tmp', 'one.pcapng');
    await workbench.saveAs(file);
    const running = workbench.notification(/Capturing at .*[1-9][\d,]* packets/);
    await running.waitFor({ timeout: 30_000 });
    await screenshot(workbench, 'capturing');
    await running.getByRole('button', { name: 'Cancel', exact: true }).click();
    const done = workbench.notification(/Captured [\d,]+ packets/);
    await done.waitFor();
    await screenshot(workbench, 'captured');
    const said = (await done.innerText()).replaceAll(',', '');
    const truth = new Set((await sniffer.end()).map((row) => row.join(' ')));
    const columns = FRAME.flatMap((field) => ['-e', field]);
    const frames = run('tshark', ['-n', '-r', file, ...MD5, '-T', 'fields', ...columns])
      .trim()
      .split('\n');
    assert.equal(frames.length, Number(/Captured (\d+) packets/.exec(said)?.[1]));
    assert.match(said, /None was lost/);
    assert.deepEqual(
      frames.filter((frame) => !truth.has(frame.replaceAll('\t', ' '))),
      [],
    );
    await done.getByRole('button', { name: 'Copy Wireshark Command' }).click();
    await copied(/^wireshark '.*one\.pcapng'$/);
  });

  it('captures from the palette, and says what is wrong with a file', async () => {
    await workbench.runCommand('Vethscope: Capture…');
    await workbench.quickInput().fill('shop/web-1');
    await workbench.page.keyboard.press('Enter');
    const widget = workbench.page.locator('.quick-input-widget');
    await widget.getByText(/^Capture at shop\/web-1 \(veth/).waitFor();
    await workbench.quickPick('10 seconds').click();
    await workbench.saveAs('/proc/one.pcapng');
    const error = workbench.notification('The capture cannot be written to /proc/one.pcapng');
    await error.filter({ hasText: 'ENOENT' }).filter({ hasText: 'Choose another file.' }).waitFor();
    await error.getByRole('button', { name: 'Retry' }).waitFor();
  });

  it('filters rows by words, says so, and shows all again', async () => {
    await workbench.runCommand('Vethscope: Filter Interfaces…');
    await workbench.quickInput().fill('shop/web');
    await workbench.page.keyboard.press('Enter');
    const sidebar = workbench.page.locator('.part.sidebar');
    await sidebar.getByText(/^Filter “shop\/web”: 3 of \d+ interfaces$/).waitFor();
    await workbench.treeItem(/^uplink eth0/).waitFor({ state: 'detached' });
    await wireOf('web-1').waitFor();
    await screenshot(workbench, 'interfaces-filtered');
    await sidebar.getByRole('button', { name: 'Clear Interface Filter' }).click();
    await workbench.treeItem(/^uplink eth0/).waitFor();
  });
});
