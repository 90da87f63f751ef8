/**
 * The tables of a node's wiring, on the real cluster and printed: what eth0, the bridge and a pod's veth see and miss of
 * each kind of traffic; what each namespace holds; and how a new pod's network is made. Each is what is told of it beside
 * what tshark, iproute2 and the kernel's own events say.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { addressOf as withoutLength } from '../../src/model/path/addresses.ts';
import { netnsPath, runIn } from '../lab/commands.ts';
import { Observation } from '../lab/observe.ts';
import { Sniffer } from '../lab/truth/sniffer.ts';
import { inContainer, onNode, OUTSIDE, spawnAt } from './cases/place.ts';
import { Talks } from './cases/talk.ts';
import { addressOf, nodeNamespace, SHAPES } from './cluster.ts';
import { applyManifest, kubectl } from './kubectl.ts';
import { makeNamespace, waitReady } from './kube/support.ts';
import type { TestNamespace } from './kube/support.ts';
import { podPlace, podVeth } from './pods.ts';
import { poll } from './poll.ts';
import { useCluster } from './sharedCluster.ts';
import { startCluster } from './start.ts';
import { stopCluster } from './stop.ts';
import { assertCreation } from './tables/assertCreation.ts';
import { contentsByIp, contentsTold, PARTS } from './tables/contents.ts';
import type { Kind, Packet } from './tables/seen.ts';
import { PACKET_FIELDS, seenRows } from './tables/seen.ts';
import { textTable } from './tables/textTable.ts';
import { ECHO, OUTSIDE_ECHO, toolsPod } from './tables/toolsPod.ts';
import { inventoryFile, NODE, wiringNow } from './tables/wiringNow.ts';

const NODE_PORT = 30_900;
const TAKES_ALL = process.env.VETHSCOPE_SHAPES === 'all';
const MONITORED = TAKES_ALL ? SHAPES.filter((shape) => shape !== 'hostgw') : [];

describe('tables of the wiring', function () {
  this.timeout(180_000);
  const cluster = useCluster();
  let namespace: TestNamespace;
  let inventory = '';

  before(async () => {
    namespace = await makeNamespace(cluster(), { 'pod-security.kubernetes.io/enforce': 'privileged' });
    const { name } = namespace;
    await toolsPod(cluster(), name, 'client');
    await toolsPod(cluster(), name, 'near');
    await toolsPod(cluster(), name, 'far', { nodeName: 'node-b' });
    await toolsPod(cluster(), name, 'host', { hostNetwork: true });
    const ports = [
      { name: 'inside', port: 80, targetPort: ECHO },
      { name: 'outside', port: 81, targetPort: OUTSIDE_ECHO, nodePort: NODE_PORT },
    ];
    const spec = { type: 'NodePort', selector: { app: 'near' }, ports };
    const far = { selector: { app: 'far' }, ports: [{ port: 80, targetPort: ECHO }] };
    for (const [service, asked] of [
      ['near', spec],
      ['far', far],
    ] as const) {
      const whole = {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: service, namespace: name },
        spec: asked,
      };
      await applyManifest(cluster(), JSON.stringify(whole));
    }
    for (const pod of ['client', 'near', 'far', 'host']) await waitReady(cluster(), name, pod);
    inventory = await inventoryFile(cluster());
  });

  after(async () => {
    await namespace.remove();
  });

  it('say what eth0, the bridge and a veth see and miss, of each kind of traffic', async () => {
    const { name } = namespace;
    const netns = nodeNamespace(cluster().id, NODE);
    const [client, near, far] = await Promise.all(
      ['client', 'near', 'far'].map((pod) => podPlace(cluster(), name, pod)),
    );
    assert.ok(client && near && far);
    const clusterIp = async (service: string): Promise<string> => {
      const read = ['-n', name, 'get', 'service', service, '-o', 'jsonpath={.spec.clusterIP}'];
      return (await kubectl(cluster(), read)).trim();
    };
    const [service, farService] = [await clusterIp('near'), await clusterIp('far')];
    const [node, outside] = [addressOf(cluster(), NODE), addressOf(cluster(), 'outside')];
    const [clientVeth, nearVeth] = await Promise.all(
      ['client', 'near'].map((pod) => podVeth(cluster(), name, pod)),
    );
    assert.ok(clientVeth !== undefined && nearVeth !== undefined);
    const interfaces = ['eth0', 'cni0', clientVeth, nearVeth];
    const [pod, hostPod] = [inContainer('client', 'main'), inContainer('host', 'main')];
    const talks = new Talks(cluster(), name);
    const echoes = [1, 2, 3].map((number) =>
      spawnAt(cluster(), name, OUTSIDE, ['socat', `TCP-LISTEN:${ECHO + number},fork,reuseaddr`, 'EXEC:cat']),
    );
    // Before the bridge knows who has an address, it sends the first packets that are translated to it itself.
    await talks.open(onNode(NODE), near.address, ECHO);
    const observation = await Observation.start({ plan: { node: { netns } }, inventory }, 150, undefined, [
      '--node',
      NODE,
    ]);
    let ended = false;
    try {
      const sniffer = await Sniffer.start(netns, interfaces, 'tcp', PACKET_FIELDS);
      const end = (address: string | null, port: number | null): Kind['ends'][number] => ({ address, port });
      const kinds: Kind[] = [];
      const near1 = await talks.open(pod, near.address, ECHO);
      kinds.push(
        kindOf(
          'pod to pod, same node',
          'pod-to-pod',
          end(client.address, near1.port),
          end(near.address, ECHO),
        ),
      );
      const far1 = await talks.open(pod, far.address, ECHO);
      kinds.push(
        kindOf(
          'pod to pod, other node',
          'pod-to-other-node',
          end(client.address, far1.port),
          end(far.address, ECHO),
        ),
      );
      const asked = await talks.open(pod, service, 80);
      kinds.push(
        kindOf(
          'to ClusterIP, same node, before DNAT',
          'service-asked',
          end(client.address, asked.port),
          end(service, 80),
        ),
        kindOf(
          'to ClusterIP, same node, after DNAT',
          'service-backend',
          end(client.address, asked.port),
          end(near.address, ECHO),
        ),
      );
      const across = await talks.open(pod, farService, 80);
      kinds.push(
        kindOf(
          'to ClusterIP, other node, before DNAT',
          'service-asked',
          end(client.address, across.port),
          end(farService, 80),
        ),
        kindOf(
          'to ClusterIP, other node, after DNAT',
          'service-backend-on-other-node',
          end(client.address, across.port),
          end(far.address, ECHO),
        ),
      );
      await talks.open(pod, outside, ECHO + 1);
      kinds.push(
        kindOf(
          'pod to outside, before masquerade',
          'pod-to-outside',
          end(client.address, null),
          end(outside, ECHO + 1),
        ),
        kindOf(
          'pod to outside, after masquerade',
          'pod-masqueraded',
          end(node, null),
          end(outside, ECHO + 1),
        ),
      );
      await talks.open(onNode(NODE), outside, ECHO + 2);
      kinds.push(kindOf('host process to outside', 'host-network', end(node, null), end(outside, ECHO + 2)));
      await talks.open(hostPod, outside, ECHO + 3);
      kinds.push(
        kindOf('hostNetwork pod to outside', 'host-network', end(node, null), end(outside, ECHO + 3)),
      );
      const probe = await talks.open(onNode(NODE), near.address, ECHO);
      const gateway = withoutLength(
        wiringNow(cluster(), inventory).namespaces[0]?.interfaces.find(({ name: own }) => own === 'cni0')
          ?.addresses[0] ?? '',
      );
      kinds.push(
        kindOf('host process to pod', 'process-to-pod', end(gateway, probe.port), end(near.address, ECHO)),
      );
      const entering = await talks.open(OUTSIDE, node, NODE_PORT);
      kinds.push(
        kindOf(
          'outside to NodePort, before DNAT',
          'node-port-asked',
          end(outside, entering.port),
          end(node, NODE_PORT),
        ),
        kindOf(
          'outside to NodePort, after DNAT',
          'node-port-backend',
          end(null, null),
          end(near.address, OUTSIDE_ECHO),
        ),
      );
      await talks.closeAll();
      await sleep(1500); // the agent drains, and last acknowledgements come
      const packets = (await sniffer.end()) as unknown as Packet[];
      const { flows } = await observation.interrupt();
      ended = true;
      const topology = wiringNow(cluster(), inventory);
      const rows = seenRows(kinds, interfaces, { packets, flows, topology });
      console.log(
        textTable(
          'What each interface sees: packets by tshark, by the agent, and what the interface view says',
          [
            ['', ...interfaces],
            ...rows.map(({ kind, cells }) => [
              kind.name,
              ...cells.map(({ tshark, agent, passage }) => `${tshark} ${agent} ${passage}`),
            ]),
          ],
        ),
      );
      for (const { kind, cells } of rows) {
        for (const { interface: at, tshark, agent, passage } of cells) {
          const what = `${kind.name} at ${at}`;
          assert.equal(agent, tshark, `${what}: the agent's count and tshark's`);
          // A pod's wire sees its own pod's part: one of both here is a stranger to some kinds.
          if (passage === 'none') assert.equal(tshark, 0, `${what}: the view says that nothing passes`);
          if (passage === 'all') assert.ok(tshark > 0, `${what}: the view says that all passes`);
        }
        assert.ok(
          cells.some(({ tshark }) => tshark > 0),
          `${kind.name}: was sent, and seen nowhere`,
        );
      }
    } finally {
      await talks.closeAll();
      for (const echo of echoes) echo.kill('SIGKILL');
      if (!ended) await observation.kill();
    }
  });

  it('say what is in the node’s namespace and in a pod’s, as iproute2 and ss do', async () => {
    const { uid } = await podPlace(cluster(), namespace.name, 'client');
    const netns = nodeNamespace(cluster().id, NODE);
    const inode = Number(runIn(netns, 'stat', ['-Lc', '%i', '/proc/self/ns/net']));
    // Neighbours and sockets come and go between two looks.
    let last: { readonly told: ReturnType<typeof look>; readonly differences: string[] } | undefined;
    const look = () => {
      const topology = wiringNow(cluster(), inventory);
      const [own] = topology.namespaces;
      const pod = topology.namespaces.find((one) => one.pod?.uid === uid);
      assert.ok(own?.inode === inode && pod !== undefined);
      return [
        { name: `node ${NODE}`, told: contentsTold(own), found: contentsByIp(netnsPath(netns)) },
        { name: 'pod client', told: contentsTold(pod), found: contentsByIp(pod.path) },
      ];
    };
    await poll(
      'a look in which nothing changes',
      () => {
        const told = look();
        const differences = told.flatMap(({ name, told: ours, found }) =>
          PARTS.filter((part) => ours[part].join('\n') !== found[part].join('\n')).map((part) => {
            const only = (a: readonly string[], b: readonly string[]): string =>
              a.filter((line) => !b.includes(line)).join('; ');
            return `${name}, ${part}: told alone [${only(ours[part], found[part])}], found alone [${only(found[part], ours[part])}]`;
          }),
        );
        last = { told, differences };
        return differences.length === 0;
      },
      { timeout: 40_000, interval: 200 },
    ).catch((error: unknown) => {
      throw new Error(last?.differences.join('\n') ?? '', { cause: error });
    });
    for (const { name, told } of last?.told ?? []) {
      for (const part of PARTS) {
        console.log(
          textTable(
            `${name}, ${part}: ${told[part].length}, as iproute2 and ss say`,
            told[part].slice(0, 12).map((line) => [line]),
          ),
        );
      }
      assert.ok(told.interfaces.length > 1 && told.routes.length > 1 && told.sockets.length > 0, name);
    }
  });

  it('say how a new pod’s network is made, in the order of the kernel’s events', async () => {
    await assertCreation(cluster(), namespace.name);
  });
});

describe('tables of the wiring, of another shape', function () {
  this.timeout(20 * 60_000); // the first time, flannel and Cilium are built
  const name = `tables-${process.pid}`;
  afterEach(async () => {
    await stopCluster({ name });
  });

  for (const shape of MONITORED) {
    it(`say how a new pod’s network is made: ${shape}`, async () => {
      const cluster = await startCluster({ name, shape });
      const { name: namespace } = await makeNamespace(cluster);
      await assertCreation(cluster, namespace);
    });
  }
});

function kindOf(
  name: string,
  kind: Kind['kind'],
  one: Kind['ends'][number],
  other: Kind['ends'][number],
): Kind {
  return { name, kind, ends: [one, other] };
}
