/** The interface view in VS Code, from its row in Node Interfaces, on the recorded lab: its panel, links and menus. */
import assert from 'node:assert/strict';
import type { Browser, FrameLocator } from 'playwright-core';
import { CodeServer } from './codeServer.ts';
import { recordedGround } from './demo/grounds.ts';
import { extensionUnderTest } from './extensionFolder.ts';
import { screenshotFailure } from './screenshots.ts';
import { launchBrowser, Workbench } from './workbench.ts';

const NODE = 'lab-node';

describe('the interface view in VS Code', function () {
  this.timeout(180_000);
  let browser: Browser;
  let server: CodeServer;
  let workbench: Workbench;

  before(async () => {
    browser = await launchBrowser();
    const { settings, environment } = recordedGround();
    server = await CodeServer.start({ ...extensionUnderTest(), settings, environment });
    workbench = await Workbench.open(browser, server.url());
    await workbench.openContainer('Vethscope');
    const node = workbench.treeItem(new RegExp(`^node ${NODE}`));
    await node.waitFor({ timeout: 60_000 });
    await workbench.chooseFromMenu(node, 'Observe Node');
    await node.click();
    await workbench.treeItem(/^Bridges/).waitFor({ timeout: 60_000 });
  });

  after(async () => {
    await browser.close();
    await server.stop();
  });

  afterEach(async function () {
    await screenshotFailure(workbench, this.currentTest);
  });

  /** The view of the interface with the name. */
  async function viewOf(name: string): Promise<FrameLocator> {
    const view = await workbench.webview(`.interface-head h1:has-text("${name}")`);
    await view.locator('tr[data-kind]').first().waitFor();
    return view;
  }

  it('says of the node’s bridge what it cannot see, and leads to who sees it', async () => {
    await workbench.chooseFromMenu(workbench.treeItem(/^bridge cni0/), 'Open Interface View');
    const bridge = await viewOf('cni0');
    const line = bridge.locator('tr[data-kind="pod-to-pod"]');
    assert.equal(await line.getAttribute('data-passage'), 'none');
    assert.match(await line.innerText(), /cni0 switches the frames.*cni0 is not promiscuous/s);
    const link = line.getByRole('button').first();
    const port = await link.innerText();
    await link.click();
    const wire = await viewOf(port);
    assert.equal(await wire.locator('tr[data-kind="pod-to-pod"]').getAttribute('data-passage'), 'part');
  });

  it('copies what an interface is called', async () => {
    await workbench.page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    const row = workbench.treeItem(/^uplink eth0/);
    // The clipboard is written after the menu closed.
    const copies = async (entry: string, wanted: RegExp): Promise<void> => {
      await workbench.chooseFromMenu(row, entry);
      let copied = '';
      for (let attempt = 0; attempt < 50 && !wanted.test(copied); attempt++) {
        await workbench.page.waitForTimeout(100);
        copied = await workbench.page.evaluate('navigator.clipboard.readText()');
      }
      assert.match(copied, wanted, entry);
    };
    await copies('Copy Name', /^eth0$/);
    await copies('Copy MAC Address', /^(?:[0-9a-f]{2}:){5}[0-9a-f]{2}$/);
    await copies('Copy IP Address', /^172\.31\.0\.2$/);
    await copies('Copy Interface Index', /^\d+$/);
  });
});
