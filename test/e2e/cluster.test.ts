/**
 * The whole way, on a real cluster in a real VS Code: right-click a pod, agree, read its flows, and end the session in
 * each way it can end. Names are compared with Kubernetes, counts with nftables counters at the same veth, and after
 * each end neither Kubernetes nor the kernel may know anything of us.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { poll } from '../cluster/poll.ts';
import { addNftCounters } from '../cluster/nftCounters.ts';
import { addressOf, kubeconfigOf } from '../cluster/cluster.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { kubectl, kubectlProgram } from '../cluster/kubectl.ts';
import { inPod, podNames, podPlace, podVeth } from '../cluster/pods.ts';
import { openShop, SHOP_NAMESPACE } from '../cluster/shop.ts';
import { startCluster } from '../cluster/start.ts';
import { ETHERNET_HEADER } from '../lab/truth/packetCounters.ts';
import { expectNoResidue, runningAgents } from './agentsInCluster.ts';
import type { RunningAgent } from './agentsInCluster.ts';
import { CodeServer } from './codeServer.ts';
import type { UserSettings } from './codeServer.ts';
import { buildExtension, extensionUnderTest } from './extensionFolder.ts';
import { FlowsView } from './flowsView.ts';
import type { ShownRow } from './flowsView.ts';
import { THEMES } from './themes.ts';
import { RESULTS, screenshot, screenshotFailure, screenshotThemes } from './screenshots.ts';
import { launchBrowser, Workbench } from './workbench.ts';

const SECONDS = 1000;
/** What the shop's client asks its name server for. */
const OUTSIDE_NAME = 'partner.example';
/** A session that ends by itself is noticed by its heartbeat, and Kubernetes removes the Job after that. */
const RESIDUE_SECONDS = 45;

describe('Show Flows on a real cluster', function () {
  this.timeout(180 * SECONDS);
  let cluster: Cluster;
  let browser: Browser;
  let stub: string;
  let server: CodeServer;
  let workbench: Workbench;

  before(async () => {
    cluster = await startCluster();
    await openShop(cluster);
    stub = await buildExtension('kubernetes-stub');
    browser = await launchBrowser();
  });

  after(async () => {
    await browser.close();
  });

  beforeEach(() => openVsCode());

  async function openVsCode(settings: UserSettings = {}): Promise<void> {
    const { folders = [], packages = [] } = extensionUnderTest();
    server = await CodeServer.start({
      folders: [...folders, stub],
      packages,
      settings,
      environment: { KUBECONFIG: kubeconfigOf(cluster, 'admin'), VETHSCOPE_KUBECTL: kubectlProgram() },
    });
    workbench = await Workbench.open(browser, server.url());
  }

  afterEach(async function () {
    await screenshotFailure(workbench, this.currentTest);
    await workbench.close();
    await server.stop();
  });

  /** Chooses Show Flows on the shop's client in the Kubernetes extension's tree; returns the time of the click. */
  async function rightClick(): Promise<number> {
    await workbench.openContainer('Kubernetes');
    const pod = workbench.treeItem(/^client\b/);
    await pod.waitFor({ timeout: 30 * SECONDS });
    return workbench.chooseFromMenu(pod, 'Show Flows');
  }

  /** Shows the client's flows and agrees; returns the view with rows and the milliseconds from click to row. */
  async function showFlows(
    whileAsked?: () => Promise<void>,
  ): Promise<{ view: FlowsView; milliseconds: number }> {
    const start = await rightClick();
    await workbench.dialog().waitFor({ timeout: 20 * SECONDS });
    let asked = 0;
    if (whileAsked) {
      const pause = performance.now();
      await whileAsked();
      asked = performance.now() - pause;
    }
    await workbench.answerDialog('Deploy Agent');
    const view = await FlowsView.find(workbench, 40);
    await view.firstRow(40);
    return { view, milliseconds: performance.now() - start - asked };
  }

  /** Opens a node of Node Interfaces with all that is in it. */
  async function expandNode(node: string): Promise<void> {
    const { page } = workbench;
    await workbench.treeItem(new RegExp(`^node ${node}`)).click();
    await page.waitForTimeout(500);
    const below = page.locator('.part.sidebar [role="treeitem"][aria-level="3"][aria-expanded="false"]');
    for (let attempt = 0; attempt < 10 && (await below.count()) > 0; attempt++) {
      await below.first().click();
      await page.waitForTimeout(300);
    }
  }

  /** The agents, once each has processes, programs and links: rows may show before all of that is to be seen. */
  async function agentsOf(): Promise<RunningAgent[]> {
    const isAttached = ({ processes, objects }: RunningAgent): boolean =>
      processes.length > 0 && objects.programs.length > 0 && objects.links.length > 0;
    const attached = async (): Promise<RunningAgent[] | false> => {
      const agents = await runningAgents(cluster);
      return agents.length > 0 && agents.every(isAttached) && agents;
    };
    return await poll('agents with processes, programs and links', attached, { timeout: 30_000 });
  }

  /** Rows under a filter, once they are as wanted. */
  async function rowsOf(
    view: FlowsView,
    filter: string,
    wanted: (rows: ShownRow[]) => boolean,
  ): Promise<ShownRow[]> {
    await view.filter(filter);
    for (let attempt = 0; ; attempt++) {
      const rows = await view.rows();
      if (wanted(rows)) return rows;
      if (attempt === 60) {
        throw new Error(
          `filtered by "${filter}" the view shows ${JSON.stringify(
            rows.map(({ text }) => text),
            null,
            1,
          )}`,
        );
      }
      await workbench.page.waitForTimeout(250);
    }
  }

  it('names the client, both backends on both nodes, the Service and the host outside', async () => {
    const { view, milliseconds } = await showFlows(async () => {
      await screenshot(workbench, 'consent-dark');
    });
    console.log(`      click to first row ${(milliseconds / 1000).toFixed(1)} s`);
    writeFileSync(join(RESULTS, 'click-to-first-row.txt'), milliseconds.toFixed(0));
    const webs = await podNames(cluster, SHOP_NAMESPACE, 'app=web');
    const places = await Promise.all(webs.map((name) => podPlace(cluster, SHOP_NAMESPACE, name)));
    assert.equal(new Set(places.map(({ node }) => node)).size, 2, 'the backends run on two nodes');
    for (const name of webs) {
      // The rows of the filter before may still be there.
      const rows = await rowsOf(
        view,
        name,
        (shown) => shown.length > 0 && shown.every(({ text }) => text.server === `shop/${name}`),
      );
      for (const { text } of rows) assert.equal(text.client, 'shop/client');
    }
    const asked = await rowsOf(view, 'shop/web', (rows) =>
      rows.some(({ text }) => /^shop\/web:\d+$/.test(text.service)),
    );
    assert.ok(asked.some(({ text }) => text.client.endsWith('shop/client')));
    const outside = addressOf(cluster, 'outside');
    const rows = await rowsOf(
      view,
      outside,
      (shown) => shown.length > 0 && shown.every(({ text }) => text.server === OUTSIDE_NAME),
    );
    for (const { text, tooltip } of rows) {
      assert.equal(text.client, 'shop/client');
      assert.match(tooltip.server, /[Ee]xternal|outside/);
    }
    await view.filter('');
    await workbench.page.waitForTimeout(3000);
    await screenshotThemes(workbench, 'flows');
    await workbench.openContainer('Vethscope');
    await expandNode('node-a');
    await workbench.treeItem(/client/).waitFor();
    await screenshotThemes(workbench, 'interfaces');
  });

  it('draws the path of a flow, and the other node’s part of it once that is observed as well', async () => {
    const { view } = await showFlows();
    const webs = await podNames(cluster, SHOP_NAMESPACE, 'app=web');
    const { node: near } = await podPlace(cluster, SHOP_NAMESPACE, 'client');
    const places = await Promise.all(webs.map((name) => podPlace(cluster, SHOP_NAMESPACE, name)));
    const away = places.findIndex(({ node }) => node !== near);
    const [web, far] = [webs[away], places[away]?.node];
    assert.ok(web !== undefined && far !== undefined);
    const isAsked = ({ text }: ShownRow): boolean => text.server === `shop/${web}` && text.service !== '';

    await openPath(view, web, isAsked);
    const before = await workbench.webview('svg.diagram');
    await before.getByText(`${far} is not observed`).first().waitFor();
    await screenshot(workbench, 'path-one-node-dark');
    await before.getByRole('button', { name: `Observe ${far}` }).click();
    await poll('two agents', async () => (await agentsOf()).length === 2, { timeout: 60_000 });
    // Connections that began while both nodes were observed.
    await workbench.page.waitForTimeout(6 * SECONDS);
    await workbench.runCommand('View: Close Editor');
    await openPath(view, web, isAsked);
    const path = await workbench.webview('svg.diagram');
    await path
      .locator('.group-name', { hasText: `shop/${web}` })
      .first()
      .waitFor();
    await path.locator('.group-name', { hasText: far }).first().waitFor();
    await poll('no blank on the way', async () => (await path.locator('.mark-unexplained').count()) === 0, {
      timeout: 10 * SECONDS,
    });
    assert.equal(await path.locator('.change', { hasText: 'DNAT' }).count(), 2, 'DNAT, and undone');
    assert.equal(await path.getByText('is not observed').count(), 0);
    await workbench.runCommand('View: Maximize Editor Group and Hide Side Bars');
    // Another webview is hidden now.
    await (await workbench.webview('svg.diagram')).locator('.interface').nth(1).click();
    await screenshotThemes(workbench, 'path');
  });

  /** Opens the observation points of the newest row that is meant. */
  async function openPath(
    view: FlowsView,
    filter: string,
    isMeant: (row: ShownRow) => boolean,
  ): Promise<void> {
    const rows = await rowsOf(view, filter, (shown) => shown.some(isMeant));
    await view.rowLocator().nth(rows.findIndex(isMeant)).click();
    await view.button('Show Path').click();
  }

  it('asks before it deploys, in every theme, and creates nothing when the answer is no', async () => {
    for (const theme of ['light', 'high-contrast'] as const) {
      await workbench.close();
      await server.stop();
      await openVsCode({ 'workbench.colorTheme': THEMES[theme].setting });
      await rightClick();
      await workbench.dialog().waitFor({ timeout: 20 * SECONDS });
      await workbench.page.waitForTimeout(500);
      await screenshot(workbench, `consent-${theme}`);
      await workbench.answerDialog('Cancel');
    }
    await workbench.page.waitForTimeout(1000);
    assert.deepEqual(await runningAgents(cluster), []);
  });

  it("counts a pod's datagrams and connections as nftables does at its veth", async () => {
    const { view } = await showFlows();
    const { node, address } = await podPlace(cluster, SHOP_NAMESPACE, 'client');
    const veth = await podVeth(cluster, SHOP_NAMESPACE, 'client');
    const [udp, tcp] = [45_678, 45_700];
    const counters = await addNftCounters(cluster, node, veth, {
      udp: `ip saddr ${address} udp sport ${udp}`,
      sent: `ip saddr ${address} tcp sport ${tcp}`,
      received: `ip daddr ${address} tcp dport ${tcp}`,
    });
    const outside = addressOf(cluster, 'outside');
    // Nobody listens there; a socket that is not connected does not mind.
    const say = `for i in $(seq 25); do echo datagram; sleep 0.02; done | socat -u - UDP-SENDTO:${outside}:7777,sourceport=${udp}`;
    await inPod(cluster, SHOP_NAMESPACE, 'client', ['sh', '-c', say]);
    // Straight to a backend: which one a Service chooses is not known before.
    const [name = ''] = await podNames(cluster, SHOP_NAMESPACE, 'app=web');
    const { address: web } = await podPlace(cluster, SHOP_NAMESPACE, name);
    const get = ['curl', '-s', '-o', '/dev/null', '--local-port', String(tcp), `http://${web}:8080/`];
    await inPod(cluster, SHOP_NAMESPACE, 'client', get);
    const [ingress, egress] = [await counters.ingress(), await counters.egress()];
    await counters.remove();
    const wire = (count: { packets: number; bytes: number } | undefined, header: number) => ({
      packets: count?.packets,
      bytes: (count?.bytes ?? 0) + (count?.packets ?? 0) * header,
    });
    assert.equal(ingress.udp?.packets, 25, 'socat sent one datagram a line');
    const [datagrams] = await rowsOf(
      view,
      String(udp),
      (rows) =>
        rows.length === 1 &&
        rows.every((row) => row.text.protocol === 'UDP' && FlowsView.traffic(row, 'sent').packets >= 25),
    );
    assert.ok(datagrams);
    assert.deepEqual(FlowsView.traffic(datagrams, 'sent'), wire(ingress.udp, ETHERNET_HEADER));
    const sent = ingress.sent?.packets ?? Infinity;
    const [connection] = await rowsOf(
      view,
      String(tcp),
      (rows) =>
        rows.length === 1 &&
        rows.every((row) => row.text.protocol === 'TCP' && FlowsView.traffic(row, 'sent').packets >= sent),
    );
    assert.ok(connection);
    assert.deepEqual(FlowsView.traffic(connection, 'sent'), wire(ingress.sent, ETHERNET_HEADER));
    // At egress the counter sees the Ethernet header.
    assert.deepEqual(FlowsView.traffic(connection, 'received'), wire(egress.received, 0));
  });

  it('leaves nothing after Stop Session', async () => {
    await showFlows();
    const agents = await agentsOf();
    await workbench.runCommand('Vethscope: Stop Session');
    await expectNoResidue(cluster, agents, 20);
  });

  it('leaves nothing after the agent was killed', async () => {
    await showFlows();
    const agents = await agentsOf();
    for (const pid of agents.flatMap(({ processes }) => processes)) process.kill(pid, 'SIGKILL');
    await expectNoResidue(cluster, agents, RESIDUE_SECONDS);
  });

  it('leaves nothing after VS Code was closed', async () => {
    await showFlows();
    const agents = await agentsOf();
    await server.stop();
    await expectNoResidue(cluster, agents, RESIDUE_SECONDS);
  });

  it('leaves nothing after VS Code was killed', async () => {
    await showFlows();
    const agents = await agentsOf();
    await server.kill();
    await expectNoResidue(cluster, agents, RESIDUE_SECONDS);
  });

  it('leaves nothing after the agent was deleted from outside', async () => {
    await showFlows();
    const agents = await agentsOf();
    for (const { namespace, pod } of agents) {
      await kubectl(cluster, ['-n', namespace, 'delete', 'pod', pod, '--wait=false']);
    }
    await expectNoResidue(cluster, agents, RESIDUE_SECONDS);
  });
});
