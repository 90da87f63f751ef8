/**
 * What the views say while somebody changes the node's wiring: real changes of a real kernel, made under running
 * conversations and undone again, in VS Code that nobody touches meanwhile. How long each took is printed.
 */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, FrameLocator } from 'playwright-core';
import { poll } from '../cluster/poll.ts';
import { run, runIn } from '../lab/commands.ts';
import { Lab } from '../lab/lab.ts';
import { batch } from '../lab/network.ts';
import { serve } from '../lab/traffic.ts';
import { CodeServer } from './codeServer.ts';
import { buildExtension, extensionUnderTest } from './extensionFolder.ts';
import { FlowsView } from './flowsView.ts';
import { RESULTS, screenshot, screenshotFailure } from './screenshots.ts';
import { launchBrowser, Workbench } from './workbench.ts';

const SHOPPER = fileURLToPath(new URL('../lab/programs/shopper.ts', import.meta.url));
const BRIDGE_SYSCTL = 'net.bridge.bridge-nf-call-iptables';
const PATIENCE = 20_000;
/** Of what a user waits for. */
const ROUNDS = 5;

/** A change that can be undone, and what is said then. */
interface Flip {
  readonly what: string;
  /** Of which a picture is taken. */
  readonly picture?: string;
  readonly make: () => void;
  readonly undo: () => void;
  /** By the text of the page. */
  readonly isTold: (text: string) => boolean;
  readonly isToldNoMore: (text: string) => boolean;
}

describe('a change of the wiring, in VS Code', function () {
  this.timeout(180_000);
  let lab: Lab;
  let browser: Browser;
  let server: CodeServer;
  let workbench: Workbench;
  const took: string[] = [];

  before(async () => {
    lab = await Lab.build();
    const [web, client] = [lab.pod('web-1'), lab.placeOf(lab.pod('client'))];
    for (const name of ['web-1', 'web-2']) await serve(lab, lab.placeOf(lab.pod(name)), 8080, 8053);
    await serve(lab, lab.outsidePlace, 9000, 9001);
    const service = lab.plan.services[0]?.addresses.ipv4 ?? '';
    const conversations = [
      `stream,${web.addresses.ipv4},8080,1,40,200`,
      `udp,${service},53,1,60`,
      `udp,${lab.plan.outside.addresses.ipv4},9001,1,60`,
    ];
    lab.spawn(client, process.execPath, [SHOPPER, '200', ...conversations]);
    browser = await launchBrowser();
    const { folders = [], packages = [] } = extensionUnderTest();
    const { name, netns } = lab.plan.node;
    server = await CodeServer.start({
      folders: [...folders, await buildExtension('demo-opener')],
      packages,
      settings: { 'vethscope.localTargets': [{ name, netns, inventory: lab.inventory }] },
      environment: { KUBECONFIG: '/dev/null', VETHSCOPE_DEMO: '{}' },
    });
    workbench = await Workbench.open(browser, server.url());
    const view = await FlowsView.find(workbench, 60);
    await view.firstRow(60);
  });

  after(async () => {
    console.log(took.join('\n'));
    await browser.close();
    await server.stop();
    await lab.close();
  });

  afterEach(async function () {
    await screenshotFailure(workbench, this.currentTest);
  });

  const netns = (): string => lab.plan.node.netns;
  const link = (line: string) => (): void => batch(netns(), [`link set ${line}`]);
  const sysctl = (value: string) => (): void =>
    void runIn(netns(), 'sysctl', ['-qw', `${BRIDGE_SYSCTL}=${value}`]);
  const vethOf = (pod: string): string => lab.pod(pod).hostInterface ?? '';

  /** Opens the path of the row that a filter finds. */
  async function openPath(filter: string, head: string): Promise<FrameLocator> {
    const view = await FlowsView.find(workbench);
    await view.filter(filter);
    await poll('one row', async () => (await view.rows()).length === 1, { timeout: 30_000 });
    await view.rowLocator().first().click();
    await view.button('Show Path').click();
    const page = await workbench.webview(`.path-head:has-text("${head}")`);
    await page.locator('svg.diagram .mark-seen').first().waitFor();
    return page;
  }

  /** Makes a change and undoes it, also when what is told of it is wrong; nothing is clicked meanwhile. */
  async function flip(
    page: FrameLocator,
    { what, picture, make, undo, isTold, isToldNoMore }: Flip,
  ): Promise<void> {
    const text = async (): Promise<string> => (await page.locator('main').textContent()) ?? '';
    const told = async (step: string, isRight: (text: string) => boolean): Promise<void> => {
      const begin = performance.now();
      let last = '';
      try {
        await poll(`${what}: ${step}`, async () => isRight((last = await text())), {
          timeout: PATIENCE,
          interval: 50,
        });
      } catch (error) {
        throw new Error(`${what}, ${step}: the page says ${last.replaceAll(/\s+/g, ' ')}`, { cause: error });
      }
      took.push(`${(performance.now() - begin).toFixed(0).padStart(9)} ms  ${what}: ${step}`);
    };
    await told('nothing of it', isToldNoMore);
    took.pop();
    try {
      make();
      await told('told', isTold);
      await workbench.page.waitForTimeout(1500);
      if (picture !== undefined) await screenshot(workbench, picture);
      assert.ok(isTold(await text()), `${what} is told still`);
      assert.doesNotMatch(await text(), /We do not know why|does not explain/);
    } finally {
      undo();
    }
    await told('told no more', isToldNoMore);
    assert.doesNotMatch(await text(), /We do not know why|does not explain/);
  }

  const has = (wanted: RegExp) => (text: string) => wanted.test(text);
  const hasNot = (wanted: RegExp) => (text: string) => !wanted.test(text);

  it('is told on the path of a conversation between two pods: bridge, sysctl, link', async () => {
    const web = vethOf('web-1');
    const switched = /cni0 passes the frames from veth\w+ to veth\w+ without taking them itself/;
    const page = await openPath('8080', 'tcp port 8080');
    await flip(page, {
      what: 'the bridge is promiscuous',
      make: link('cni0 promisc on'),
      undo: link('cni0 promisc off'),
      isTold: (text) => !switched.test(text) && /cni0\s*from-bridge/.test(text),
      isToldNoMore: has(switched),
    });
    await flip(page, {
      what: 'bridges show no frame to netfilter',
      make: sysctl('0'),
      undo: sysctl('1'),
      isTold: has(/bridge-nf-call-iptables = 0/),
      isToldNoMore: has(/bridge-nf-call-iptables = 1/),
    });
    const stopped = new RegExp(`The request stops:\\s*${web} of node lab-node is down`);
    await flip(page, {
      what: 'a link is down',
      picture: 'path-link-down',
      make: link(`${web} down`),
      undo: link(`${web} up`),
      isTold: (text) =>
        stopped.test(text) &&
        text.includes(`eth0 of pod shop/web-1 has no carrier: ${web}, the other end of its wire, is down`),
      isToldNoMore: hasNot(/stops:/),
    });
    await workbench.runCommand('View: Close Editor');
  });

  it('is told on the path through a Service: answers that netfilter does not see', async () => {
    const page = await openPath('udp 53', 'udp port 8053');
    await flip(page, {
      what: 'bridges show no frame to netfilter, to a Service’s client',
      picture: 'path-misaddressed',
      make: sysctl('0'),
      undo: sysctl('1'),
      isTold: has(
        /The reply\s*comes to pod shop\/client from 10\.244\.0\.\d+:8053, but it asked 10\.96\.0\.10:53: cni0 switches the answer past netfilter/,
      ),
      isToldNoMore: (text) => text.includes('DNAT undone') && !text.includes('past netfilter'),
    });
    await workbench.runCommand('View: Close Editor');
  });

  it('is told on the path to a host outside: a route', async () => {
    const outside = lab.plan.outside.addresses.ipv4;
    const page = await openPath('9001', 'udp port 9001');
    const told = `The request stops:\\s*node lab-node lets nothing go to ${outside}: blackhole ${outside}`;
    await flip(page, {
      what: 'a route drops everything',
      make: () => batch(netns(), [`route add blackhole ${outside}/32`]),
      undo: () => batch(netns(), [`route del blackhole ${outside}/32`]),
      isTold: has(new RegExp(told.replaceAll('.', '\\.'))),
      isToldNoMore: hasNot(/stops:/),
    });
    await workbench.runCommand('View: Close Editor');
  });

  it('draws a path once it is asked for', async () => {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const view = await FlowsView.find(workbench);
      await view.filter('8080');
      await poll('one row', async () => (await view.rows()).length === 1, { timeout: 30_000 });
      await view.rowLocator().first().click();
      await view.button('Show Path').waitFor();
      await view.frame.locator('body').evaluate(noteClick);
      await view.button('Show Path').click();
      const page = await workbench.webview('.path-head:has-text("tcp port 8080")');
      const drawing = page.locator('svg.diagram');
      await drawing.waitFor();
      const clicked = await view.frame.locator('body').evaluate(clickedAt);
      const drawn = await poll(
        'the mark of the drawing',
        async () => (await drawing.evaluate(drawnAt)) ?? false,
        {
          timeout: 10_000,
        },
      );
      assert.ok(clicked > 0 && drawn > clicked, `clicked at ${clicked}, drawn at ${drawn}`);
      times.push(drawn - clicked);
      await workbench.runCommand('View: Close Editor');
    }
    console.log(`      click to drawn path ${times.join(', ')} ms`);
    mkdirSync(RESULTS, { recursive: true });
    writeFileSync(join(RESULTS, 'click-to-path.txt'), JSON.stringify(times));
  });

  it('changes the row of the bridge’s own view', async () => {
    await workbench.openContainer('Vethscope');
    const node = workbench.treeItem(/^node lab-node/);
    await node.waitFor({ timeout: 60_000 });
    if ((await node.getAttribute('aria-expanded')) !== 'true') await node.click();
    const bridge = workbench.treeItem(/^bridge cni0/);
    await bridge
      .or(workbench.treeItem(/^Bridges/))
      .first()
      .waitFor();
    if ((await bridge.count()) === 0) await workbench.treeItem(/^Bridges/).click();
    await workbench.chooseFromMenu(bridge, 'Open Interface View');
    const page = await workbench.webview('.interface-head h1:has-text("cni0")');
    const row = page.locator('tr[data-kind="pod-to-pod"]');
    await row.waitFor();
    const passage = (wanted: string): Promise<unknown> =>
      poll(`passage ${wanted}`, async () => (await row.getAttribute('data-passage')) === wanted, {
        timeout: PATIENCE,
        interval: 50,
      });
    await passage('none');
    assert.match(await row.innerText(), /cni0 is not promiscuous/);
    const begin = performance.now();
    try {
      link('cni0 promisc on')();
      await passage('all');
      took.push(`${(performance.now() - begin).toFixed(0).padStart(9)} ms  the bridge’s view: promiscuous`);
    } finally {
      link('cni0 promisc off')();
    }
    await passage('none');
    await workbench.runCommand('View: Close Editor');
  });

  it('is drawn in place: nothing is drawn anew, focus and scroll position stay', async () => {
    const page = await openPath('8080', 'tcp port 8080');
    const main = page.locator('main');
    const client = page.getByRole('button', { name: `${vethOf('client')} of node lab-node` });
    await client.focus();
    await main.evaluate(remember);
    try {
      link('cni0 promisc on')();
      await page.locator('td', { hasText: 'from-bridge' }).first().waitFor();
      const stayed = await main.evaluate(compare);
      assert.deepEqual(stayed, { drawing: true, focus: true, scroll: true });
      assert.match((await client.getAttribute('aria-label')) ?? '', new RegExp(`^${vethOf('client')} of`));
    } finally {
      link('cni0 promisc off')();
    }
  });

  it('left the node as it was', () => {
    const [bridge] = JSON.parse(run('ip', ['-n', netns(), '-d', '-j', 'link', 'show', 'cni0'])) as {
      promiscuity: number;
    }[];
    assert.equal(bridge?.promiscuity, 0);
    assert.equal(runIn(netns(), 'sysctl', ['-n', BRIDGE_SYSCTL]).trim(), '1');
  });
});

/** As much of the page as is read in it; these tests are checked without the types of a browser. */
interface PageElement {
  scrollTop: number;
  readonly ownerDocument: { readonly activeElement: unknown };
  querySelector(selector: string): unknown;
  remembered?: { readonly drawing: unknown; readonly focused: unknown; readonly scrolled: number };
}

/** Runs in the page. */
function remember(main: PageElement): void {
  main.scrollTop = 30;
  main.remembered = {
    drawing: main.querySelector('svg.diagram'),
    focused: main.ownerDocument.activeElement,
    scrolled: main.scrollTop,
  };
}

/** Runs in the page. */
function compare(main: PageElement): { drawing: boolean; focus: boolean; scroll: boolean } {
  return {
    drawing: main.querySelector('svg.diagram') === main.remembered?.drawing,
    focus: main.ownerDocument.activeElement === main.remembered?.focused,
    scroll: main.scrollTop === main.remembered?.scrolled && main.scrollTop > 0,
  };
}

/** A window of a page, with the time of the last click in it. */
interface PageWindow {
  clickedAt?: number;
  readonly performance: {
    readonly timeOrigin: number;
    getEntriesByName(name: string): readonly { readonly startTime: number }[];
  };
  addEventListener(type: string, listener: () => void, capture: boolean): void;
}

interface ElementInWindow {
  readonly ownerDocument: { readonly defaultView: PageWindow };
}

/** Runs in the page. */
function noteClick({ ownerDocument: { defaultView } }: ElementInWindow): void {
  const note = (): void => {
    defaultView.clickedAt = Date.now();
  };
  defaultView.addEventListener('click', note, true);
}

/** Runs in the page. */
function clickedAt({ ownerDocument: { defaultView } }: ElementInWindow): number {
  return defaultView.clickedAt ?? 0;
}

/** Runs in the page, which marks the time itself. */
function drawnAt({ ownerDocument: { defaultView } }: ElementInWindow): number | undefined {
  const [mark] = defaultView.performance.getEntriesByName('drawn');
  return mark === undefined ? undefined : Math.round(defaultView.performance.timeOrigin + mark.startTime);
}
