/** How a pod got its network in VS Code, on a live lab: from the pod's row and from the palette, until the pod goes. */
import assert from 'node:assert/strict';
import type { Browser, FrameLocator } from 'playwright-core';
import { run } from '../lab/commands.ts';
import { Lab } from '../lab/lab.ts';
import { openShop } from '../lab/shop.ts';
import { CodeServer } from './codeServer.ts';
import { extensionUnderTest } from './extensionFolder.ts';
import { screenshotFailure, screenshotThemes } from './screenshots.ts';
import { launchBrowser, Workbench } from './workbench.ts';

const COMMAND = 'How This Pod Got Its Network';

describe('how a pod got its network, in VS Code', function () {
  this.timeout(180_000);
  let lab: Lab;
  let browser: Browser;
  let server: CodeServer;
  let workbench: Workbench;

  before(async () => {
    lab = await Lab.build();
    await openShop(lab);
    const { name, netns } = lab.plan.node;
    const settings = { 'vethscope.localTargets': [{ name, netns, inventory: lab.inventory }] };
    browser = await launchBrowser();
    const environment = { KUBECONFIG: '/dev/null' };
    server = await CodeServer.start({ ...extensionUnderTest(), settings, environment });
    workbench = await Workbench.open(browser, server.url());
    await workbench.openContainer('Vethscope');
    const node = workbench.treeItem(new RegExp(`^node ${name}`));
    await node.waitFor({ timeout: 60_000 });
    await workbench.chooseFromMenu(node, 'Observe Node');
    await node.click();
    await workbench.treeItem(/^Pod Interfaces/).waitFor({ timeout: 60_000 });
  });

  after(async () => {
    await browser.close();
    await server.stop();
    await lab.close();
  });

  afterEach(async function () {
    await screenshotFailure(workbench, this.currentTest);
  });

  const viewOf = (pod: string): Promise<FrameLocator> =>
    workbench.webview(`.network-head h1:has-text("${pod}")`);

  it('tells the steps of the pod of a row, and leads to an interface', async () => {
    const client = lab.pod('client');
    await workbench.chooseFromMenu(
      workbench.treeItem(new RegExp(`${client.hostInterface ?? ''}.*client`)),
      COMMAND,
    );
    const view = await viewOf('client');
    const port = view.locator('.step[data-kind="bridge-port"]');
    assert.match(await port.innerText(), new RegExp(`ip link set ${client.hostInterface ?? ''} master cni0`));
    await port.locator('.step-title').click();
    await screenshotThemes(workbench, 'pod-network');
    await port.getByRole('button', { name: 'cni0', exact: true }).click();
    await workbench.webview('.interface-head h1:has-text("cni0")');
  });

  it('tells of a pod of the node’s network from the palette', async () => {
    const { name } = lab.hostNetworkPod;
    await workbench.runCommand(`Vethscope: ${COMMAND}`);
    await workbench.quickInput().fill(name);
    await workbench.quickPick(name).click();
    const view = await viewOf(name);
    assert.match(await view.locator('.step').first().innerText(), /Nothing was made/);
  });

  it('says that the pod is gone, and keeps what it had', async () => {
    const { netns } = lab.pod('web-2');
    await workbench.runCommand(`Vethscope: ${COMMAND}`);
    await workbench.quickInput().fill('web-2');
    await workbench.quickPick('web-2').click();
    const view = await viewOf('web-2');
    await view.locator('.step[data-kind="veth-pair"]').waitFor();
    for (const pid of run('ip', ['netns', 'pids', netns]).split('\n').filter(Boolean)) {
      process.kill(Number(pid), 'SIGKILL');
    }
    run('ip', ['netns', 'del', netns]);
    await view
      .getByRole('status')
      .getByText(/web-2 is gone from .* this is what it had/)
      .waitFor();
    assert.match(await view.locator('.step[data-kind="veth-pair"]').innerText(), /ip link add/);
  });
});
