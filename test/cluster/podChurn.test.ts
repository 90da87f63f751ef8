/** Pods that kubelet makes and takes down, several at once: each is attached to, counted to the packet, and let go. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { linksByInterface } from '../../agent/native/test/tcxLinks.ts';
import { nodeNetns } from '../conservation/clusterLoad.ts';
import { until } from '../lab/commands.ts';
import { Observation } from '../lab/observe.ts';
import type { Observed } from '../lab/observe.ts';
import { interfaceStatistics } from '../lab/truth/interfaceStatistics.ts';
import { TOOLS_IMAGE } from './images/names.ts';
import { makeNamespace } from './kube/support.ts';
import type { TestNamespace } from './kube/support.ts';
import { kubectl } from './kubectl.ts';
import { useCluster } from './sharedCluster.ts';

const NODE = 'node-a';
const AT_ONCE = 15;
const BATCHES = 3;
const ECHOES = 20;
/** The gateway is asked at once; then the pod is only there. */
const TALK = `ping -A -c ${ECHOES} -w 20 $(ip route | sed -n 's/^default via \\([^ ]*\\).*/\\1/p'); sleep 1000`;

/** What ping says that it sent and got, by the pod's address. */
type Pinged = Map<string, { sent: number; received: number }>;

describe('pods that come and go on the cluster', function () {
  this.timeout(600_000);
  const cluster = useCluster();
  let namespace: TestNamespace;
  let folder: string;

  before(async () => {
    namespace = await makeNamespace(cluster());
    folder = await mkdtemp(join(tmpdir(), 'vethscope-churn-'));
  });

  after(async () => {
    await namespace.remove();
    await rm(folder, { recursive: true });
  });

  it('are attached to before they speak, and nothing of them stays', async () => {
    const netns = nodeNetns(cluster(), NODE);
    const inventory = join(folder, 'inventory.json');
    await writeFile(inventory, await kubectl(cluster(), ['get', 'pods,svc,nodes', '-A', '-o', 'json']));
    const observation = await Observation.start({ plan: { node: { netns } }, inventory }, 600, undefined, [
      '--node',
      NODE,
    ]);
    const pinged: Pinged = new Map();
    const seconds: number[] = [];
    for (let batch = 0; batch < BATCHES; batch += 1) {
      const begin = performance.now();
      await create(batch);
      await attachedToAll(observation.pid, netns);
      await readPings(batch, pinged);
      await kubectl(cluster(), ['-n', namespace.name, 'delete', 'pods', '--all', '--timeout=120s'], {
        timeout: 130_000,
      });
      await attachedToAll(observation.pid, netns);
      seconds.push((performance.now() - begin) / 1000);
    }
    const observed = await observation.interrupt();
    const missing = compare(observed, pinged);
    assert.equal(observed.ledger.folded, 0);
    const times = seconds.map((one) => one.toFixed(0)).join(', ');
    console.log(
      `${BATCHES} times ${AT_ONCE} pods in ${times} s; ${pinged.size} addresses, ${missing} packets uncounted`,
    );
    assert.equal(missing, 0);
  });

  async function create(batch: number): Promise<void> {
    const items = Array.from({ length: AT_ONCE }, (_, number) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: `churn-${batch}-${number}`, labels: { batch: String(batch) } },
      spec: {
        nodeName: NODE,
        terminationGracePeriodSeconds: 0,
        automountServiceAccountToken: false,
        containers: [
          { name: 'talk', image: TOOLS_IMAGE, imagePullPolicy: 'Never', command: ['sh', '-c', TALK] },
        ],
      },
    }));
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    await kubectl(cluster(), ['-n', namespace.name, 'apply', '-f', '-'], { input: list, timeout: 60_000 });
    const ready = ['wait', '--for=condition=Ready', 'pod', '-l', `batch=${batch}`, '--timeout=120s'];
    await kubectl(cluster(), ['-n', namespace.name, ...ready], { timeout: 130_000 });
  }

  async function readPings(batch: number, pinged: Pinged): Promise<void> {
    for (let number = 0; number < AT_ONCE; number += 1) {
      const name = `churn-${batch}-${number}`;
      const figures = await until(`${name} to have pinged`, 60, async () => {
        const log = await kubectl(cluster(), ['-n', namespace.name, 'logs', name]);
        return /(\d+) packets transmitted, (\d+) packets received/.exec(log);
      });
      const where = ['-n', namespace.name, 'get', 'pod', name, '-o', 'jsonpath={.status.podIP}'];
      const address = await kubectl(cluster(), where);
      const before = pinged.get(address) ?? { sent: 0, received: 0 };
      pinged.set(address, {
        sent: before.sent + Number(figures[1]),
        received: before.received + Number(figures[2]),
      });
    }
  }
});

/** Both directions of what is there, and of nothing else. */
async function attachedToAll(pid: number, netns: string): Promise<void> {
  let [held, there] = ['', ''];
  const show = (entries: (readonly [number, number])[]): string =>
    JSON.stringify(entries.sort(([a], [b]) => a - b));
  await until('both links on every interface and none elsewhere', 30, () => {
    held = show([...linksByInterface(pid)]);
    there = show(interfaceStatistics(netns).map(({ ifindex }) => [ifindex, 2]));
    return held === there ? true : null;
  });
}

/** @returns packets that ping sent or got and no flow has */
function compare({ flows }: Observed, pinged: Pinged): number {
  let missing = 0;
  for (const [address, { sent, received }] of pinged) {
    const own = flows.filter(({ protocol, client }) => protocol === 'icmp' && client.address === address);
    missing += Math.abs(sent - own.reduce((sum, flow) => sum + flow.sent.packets, 0));
    missing += Math.abs(received - own.reduce((sum, flow) => sum + flow.received.packets, 0));
  }
  return missing;
}
