import assert from 'node:assert/strict';
import type { Cluster as ConnectedCluster } from '../../../src/kube/cluster.ts';
import type { InventoryChange } from '../../../src/kube/inventory.ts';
import { kubectl } from '../kubectl.ts';
import { poll } from '../poll.ts';
import { useCluster } from '../sharedCluster.ts';
import { connect, kubeconfigAs, makeNamespace, runProgram, type TestNamespace } from './support.ts';

const SLEEP = 'setInterval(() => {}, 1000)';

describe('inventory on a cluster', function () {
  this.timeout(120_000);
  const cluster = useCluster();
  let connected: ConnectedCluster;
  let namespace: TestNamespace;
  before(async () => {
    connected = await connect(await kubeconfigAs(cluster()));
    namespace = await makeNamespace(cluster());
  });
  after(async () => {
    connected.dispose();
    await namespace.remove();
  });

  it('knows what kubectl knows', async () => {
    const hold = connected.holdInventory();
    await hold.inventory.synced;
    const listing = await kubectl(cluster(), ['get', 'pods,svc,nodes,endpointslices,ns', '-A', '-o', 'json']);
    const { items } = JSON.parse(listing) as { items: { kind: string; metadata: { uid: string } }[] };
    const known = new Set([...hold.inventory.objects()].map(({ metadata }) => metadata.uid));
    assert(items.length > 8);
    for (const { kind, metadata } of items) assert(known.has(metadata.uid), kind);
    assert.deepEqual(
      hold.inventory.nodes().map(({ metadata, status }) => [metadata.name, status.nodeInfo?.operatingSystem]),
      [
        ['node-a', 'linux'],
        ['node-b', 'linux'],
      ],
    );
    assert.deepEqual(hold.inventory.problems, []);
    hold.dispose();
  });

  it('sees a pod made again under its name as another pod', async () => {
    const hold = connected.holdInventory();
    const { inventory } = hold;
    await inventory.synced;
    const changes: InventoryChange[] = [];
    inventory.onChange((change) => changes.push(change));
    const running = (): string | undefined => {
      const pod = inventory.pod(namespace.name, 'again');
      return pod?.status.phase === 'Running' && pod.status.podIPs !== undefined
        ? pod.metadata.uid
        : undefined;
    };
    const long = { timeout: 60_000 };
    await runProgram(cluster(), namespace.name, 'again', SLEEP);
    const first = await poll('the pod to run', running, long);
    await kubectl(cluster(), ['-n', namespace.name, 'delete', 'pod', 'again', '--now']);
    await runProgram(cluster(), namespace.name, 'again', SLEEP);
    const second = await poll('the other pod to run', () => running() !== first && running(), long);
    assert.notEqual(second, first);
    assert(changes.some(({ deletedUids }) => deletedUids.includes(first)));
    assert.equal(inventory.get(first), undefined);
    hold.dispose();
  });

  it('goes on without what may not be listed, and says what is missing', async () => {
    // viewer may list everything of the inventory, this one only pods.
    const name = namespace.name;
    await kubectl(cluster(), ['create', 'clusterrole', name, '--verb=list,watch', '--resource=pods']);
    await kubectl(cluster(), [
      'create',
      'clusterrolebinding',
      name,
      `--clusterrole=${name}`,
      `--user=${name}`,
    ]);
    const narrow = await connect(await kubeconfigAs(cluster(), 'admin', { as: name }));
    try {
      const hold = narrow.holdInventory();
      await hold.inventory.synced;
      assert.equal(narrow.uid, '');
      const problems = hold.inventory.problems
        .map(({ resource, problem }) => [resource, problem.kind])
        .sort();
      assert.deepEqual(problems, [
        ['endpointslices', 'forbidden'],
        ['namespaces', 'forbidden'],
        ['nodes', 'forbidden'],
        ['services', 'forbidden'],
      ]);
      const services = hold.inventory.problems.find(({ resource }) => resource === 'services');
      assert.match(services?.problem.what ?? '', /may not (list|watch) services in the whole cluster/);
      assert.match(services?.problem.next ?? '', /Service names are missing/);
      assert([...hold.inventory.objects()].some(({ kind }) => kind === 'Pod'));
      hold.dispose();
    } finally {
      narrow.dispose();
      await kubectl(cluster(), ['delete', 'clusterrole,clusterrolebinding', name]);
    }
  });

  it('fails where pods may not be listed', async () => {
    const stranger = await connect(await kubeconfigAs(cluster(), 'dev'));
    const hold = stranger.holdInventory();
    await assert.rejects(hold.inventory.synced, /User "dev" may not list pods in the whole cluster/);
    hold.dispose();
    stranger.dispose();
  });
});
