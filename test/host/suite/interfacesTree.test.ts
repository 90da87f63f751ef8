/**
 * Node Interfaces at scale, in the extension host: a hundred nodes, each wired as a node of 110 pods and 250 interfaces was read
 * from the kernel. What VS Code asks of the tree, and what the tree tells it, is counted.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import * as vscode from 'vscode';
import { Clusters } from '../../../src/explorer/clusters.ts';
import { InterfaceNode } from '../../../src/explorer/interfaceNode.ts';
import type { AgentSource } from '../../../src/explorer/interfacesTree.ts';
import { InterfacesTree } from '../../../src/explorer/interfacesTree.ts';
import type { TreeNode } from '../../../src/explorer/treeNode.ts';
import type { InterfaceTopology, Topology } from '../../../src/model/topology.ts';
import type { Agent } from '../../../src/session/types.ts';
import { NODE_NAMES } from '../nodeNames.ts';

const VIEW = 'vethscopeTest.interfaces';
const OPENED = NODE_NAMES[7] ?? '';
const POD = { namespace: 'shop', name: 'web-50' };
/** VS Code gathers changes for 200 ms. */
const SETTLED_MILLISECONDS = 700;
/** Readings of counters that are nearer are none. */
const READING_MILLISECONDS = 1100;

function recorded(): Topology {
  const file = process.env.HOST_TEST_RECORDING;
  assert.ok(file !== undefined, 'the recording is given');
  return JSON.parse(gunzipSync(readFileSync(file)).toString('utf8')) as Topology;
}

/** Agents that tell of a recorded wiring; the changes are the test's. */
class RecordedAgents implements AgentSource {
  readonly agents: Agent[];
  /** Questions for sockets. */
  asked = 0;
  readonly #changes = new vscode.EventEmitter<Agent>();
  readonly onAgentChange = this.#changes.event;

  constructor(topology: Topology) {
    this.agents = NODE_NAMES.map((node) => this.#agent(node, { ...topology, node }));
  }

  tell(node: string, change: (topology: Topology) => Topology): void {
    const place = this.agents.findIndex((agent) => agent.node === node);
    const topology = this.agents[place]?.topology;
    assert.ok(topology);
    const agent = this.#agent(node, change(topology));
    this.agents[place] = agent;
    this.#changes.fire(agent);
  }

  #agent(node: string, topology: Topology): Agent {
    return {
      ...{ key: node, node, source: { kind: 'local', local: { name: node } }, deployedName: null },
      ...{ phase: 'running', status: 'Runs.', problem: null, clock: null, checks: [], kernel: '' },
      ...{ topology, ledger: null },
      capture: () => Promise.reject(new Error('Nothing passes in a recording.')),
      sockets: () => {
        this.asked++;
        const end = { protocol: 'tcp', state: 'listen', cgroup: null, pod: null, container: null };
        return Promise.resolve([{ ...end, local: '0.0.0.0:80', remote: '0.0.0.0:0' }]);
      },
    };
  }
}

class CountedTree extends InterfacesTree {
  items: TreeNode[] = [];
  asked: (TreeNode | undefined)[] = [];
  told: (readonly TreeNode[] | undefined)[] = [];

  override getTreeItem(node: TreeNode): vscode.TreeItem {
    this.items.push(node);
    return super.getTreeItem(node);
  }

  override getChildren(node?: TreeNode): Promise<TreeNode[]> {
    this.asked.push(node);
    return super.getChildren(node);
  }

  /** Forgets what was counted so far. */
  restart(): void {
    this.items = [];
    this.asked = [];
    this.told = [];
  }
}

const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Counters of these interfaces of the node move on. */
function moved(topology: Topology, names: readonly string[]): Topology {
  const move = (link: InterfaceTopology): InterfaceTopology => {
    if (!names.includes(link.name)) return link;
    const { receivedPackets, receivedBytes } = link.statistics;
    const counted = { receivedPackets: receivedPackets + 1e6, receivedBytes: receivedBytes + 1e9 };
    return { ...link, statistics: { ...link.statistics, ...counted } };
  };
  const [own, ...others] = topology.namespaces;
  assert.ok(own);
  return { ...topology, namespaces: [{ ...own, interfaces: own.interfaces.map(move) }, ...others] };
}

function withoutInterface(topology: Topology, name: string): Topology {
  const [own, ...others] = topology.namespaces;
  assert.ok(own);
  const interfaces = own.interfaces.filter((link) => link.name !== name);
  return { ...topology, namespaces: [{ ...own, interfaces }, ...others] };
}

describe('Node Interfaces with 100 nodes of 250 interfaces', function () {
  this.timeout(60_000);
  let agents: RecordedAgents;
  let clusters: Clusters;
  let tree: CountedTree;
  let log: vscode.LogOutputChannel;

  before(async () => {
    log = vscode.window.createOutputChannel('Node Interfaces under Test', { log: true });
    clusters = new Clusters(log);
    agents = new RecordedAgents(recorded());
    tree = new CountedTree(clusters, agents, VIEW);
    tree.onDidChangeTreeData((nodes) => tree.told.push(nodes));
    await vscode.commands.executeCommand(`${VIEW}.focus`);
    for (let tries = 0; tree.items.length < NODE_NAMES.length && tries < 100; tries++) await pause(100);
    await pause(SETTLED_MILLISECONDS);
  });

  after(() => {
    tree.dispose();
    clusters.dispose();
    log.dispose();
  });

  beforeEach(() => tree.restart());

  const names = (nodes: readonly TreeNode[] = []): string[] =>
    nodes.map((node) => (node instanceof InterfaceNode ? node.link.name : node.id));
  const labelOf = (row: TreeNode): string => {
    const { label = '' } = row.item();
    return typeof label === 'string' ? label : label.label;
  };
  const rows = async (): Promise<readonly TreeNode[]> => {
    const node = (await tree.getChildren()).find(({ id }) => id === `local/${OPENED}`);
    const groups = await tree.getChildren(node);
    return tree.getChildren(groups.find(({ id }) => id.endsWith('/pods')));
  };

  it('works nothing out of closed nodes, whatever they tell', async () => {
    for (const node of NODE_NAMES) agents.tell(node, (topology) => moved(topology, ['veth1']));
    await pause(SETTLED_MILLISECONDS);
    assert.deepEqual([tree.told, tree.asked, tree.items], [[], [], []]);
  });

  it('opens one node down to a pod, and asks no other', async () => {
    assert.ok(await tree.revealPod({ kind: 'local', local: { name: OPENED } }, POD));
    await pause(SETTLED_MILLISECONDS);
    assert.ok(tree.selected instanceof InterfaceNode);
    assert.equal(tree.selected.pod?.name, POD.name);
    assert.ok(tree.items.length >= 110, `${tree.items.length} rows`);
    const below = tree.asked.flatMap((node) => (node === undefined ? [] : [node.id]));
    assert.deepEqual(
      below.filter((id) => !id.startsWith(`local/${OPENED}`)),
      [],
    );
    // Neither the bridge nor what is in the pods was opened.
    assert.deepEqual(
      [...new Set(below)].filter((id) => id.includes('/interface/')),
      [],
    );
    assert.equal(agents.asked, 0, 'nobody asked for sockets');
  });

  it('draws again the rows whose rate is another, and no other', async () => {
    await pause(READING_MILLISECONDS);
    const busy = ['veth3', 'veth50', 'veth109'];
    agents.tell(OPENED, (topology) => moved(topology, busy));
    await pause(SETTLED_MILLISECONDS);
    assert.deepEqual(
      tree.told.map((nodes) => names(nodes).sort()),
      [[...busy].sort()],
    );
    assert.deepEqual(names(tree.items).sort(), [...busy].sort());
    assert.deepEqual(tree.asked, []);
    const selected = tree.selected;
    assert.ok(selected instanceof InterfaceNode);
    assert.match(String(selected.item().description), /^\d.* [MG]B\/s · veth50$/);
  });

  it('says nothing of counters that are told again, nor of a node that is closed', async () => {
    agents.tell(OPENED, (topology) => ({ ...topology }));
    agents.tell(NODE_NAMES[8] ?? '', (topology) => moved(topology, ['veth3']));
    await pause(SETTLED_MILLISECONDS);
    assert.deepEqual([tree.told, tree.asked, tree.items], [[], [], []]);
  });

  it('asks again for the rows of a group that lost one, keeps the others’ objects and what is selected', async () => {
    const before = new Map((await rows()).map((row) => [row.id, row]));
    const { selected } = tree;
    tree.restart();
    agents.tell(OPENED, (topology) => withoutInterface(topology, 'veth60'));
    await pause(SETTLED_MILLISECONDS);
    const group = `local/${OPENED}/group/pods`;
    // The bridge lost a port, which its closed row does not show.
    assert.deepEqual(tree.told.map(names), [[group]]);
    assert.deepEqual(
      tree.asked.map((node) => node?.id),
      [group],
    );
    assert.equal(tree.items.length, 1 + 109);
    const after = await rows();
    assert.equal(after.length, 109);
    for (const row of after) assert.equal(row, before.get(row.id));
    assert.equal(tree.selected, selected);
  });

  it('shows what passes a filter, says so, and all again with the same objects', async () => {
    const before = await rows();
    tree.setFilter('shop/web-10 10.244');
    const filtered = await rows();
    assert.deepEqual(
      filtered.map((row) => (row instanceof InterfaceNode ? row.pod?.name : '')),
      ['web-10', ...Array.from({ length: 10 }, (_, index) => `web-${100 + index}`)],
    );
    tree.setFilter('');
    assert.deepEqual(names(await rows()), names(before));
  });

  it('opens a pod to its namespace, and reads its sockets then only', async () => {
    const wire = (await rows()).find((row) => row instanceof InterfaceNode && row.pod?.name === POD.name);
    const folders = await tree.getChildren(wire);
    assert.deepEqual(
      folders.map((folder) => labelOf(folder)),
      ['Interfaces', 'Routes', 'Neighbours', 'Sockets'],
    );
    const [interfaces, routes, , sockets] = folders;
    assert.deepEqual(names(await tree.getChildren(interfaces)).sort(), ['eth0', 'lo']);
    const labels = (await tree.getChildren(routes)).map((row) => labelOf(row));
    assert.ok(labels.includes('default') && labels.includes('10.244.0.0/16'), labels.join());
    assert.equal(agents.asked, 0);
    const [listener] = await tree.getChildren(sockets);
    assert.equal(listener && labelOf(listener), 'tcp 0.0.0.0:80');
    agents.tell(OPENED, (topology) => ({ ...topology }));
    assert.equal(agents.asked, 1, 'they are not read again at once');
  });

  it('tells a screen reader what a row is, whose, and whether it is observed', async () => {
    const wire = (await rows()).find((row) => row instanceof InterfaceNode && row.pod?.name === POD.name);
    assert.match(
      wire?.item().accessibilityInformation?.label ?? '',
      /^pod interface veth50, shop\/web-50, .*observed$/,
    );
  });
});
