/** Makes the host beyond a lab's uplink a second node, with a pod of its own and a Service whose backend that pod is. */
import { randomBytes, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { InventoryObject } from '../../src/model/inventory.ts';
import { run, runIn } from './commands.ts';
import { inventoryOf } from './inventory.ts';
import type { Lab } from './lab.ts';
import { batch, keepNeighbours, quieten } from './network.ts';
import type { PodPlan } from './plan.ts';
import { UPLINK } from './plan.ts';

export interface SecondNode {
  readonly name: string;
  readonly netns: string;
  readonly address: string;
  /** With an address and a namespace of its own. */
  readonly pod: PodPlan;
  /** In the second node's own network. */
  readonly hostPod: PodPlan;
  /** Translated by the first node to the second one's pod, port 80 to 8080. */
  readonly service: { readonly name: string; readonly address: string };
  /** File with both nodes' objects. */
  readonly inventory: string;
}

const NAME = 'lab-other';
const PODS = '10.244.1.0/24';
const SERVICE = { name: 'far', address: '10.96.0.40' } as const;

/** Goes away with the lab. */
export function addSecondNode(lab: Lab): SecondNode {
  const { node, outside, id } = lab.plan;
  const [pod, hostPod] = [podOf(lab, 'far-1', false), podOf(lab, 'far-exporter', true)];
  lab.expectNamespaces([pod.netns]);
  run('ip', ['netns', 'add', pod.netns]);
  quieten(pod.netns);
  batch(outside.netns, [
    `link add ${pod.hostInterface ?? ''} type veth peer name ${UPLINK} netns ${pod.netns}`,
    `addr add 10.244.1.1/24 dev ${pod.hostInterface ?? ''}`,
    `link set ${pod.hostInterface ?? ''} up`,
    `route add 10.244.0.0/24 via ${node.addresses.ipv4}`,
  ]);
  batch(pod.netns, [
    'link set lo up',
    `addr add ${pod.addresses.ipv4}/24 dev ${UPLINK}`,
    `link set ${UPLINK} up`,
    'route add default via 10.244.1.1',
  ]);
  keepNeighbours(pod.netns, UPLINK);
  runIn(outside.netns, 'sysctl', ['-qw', 'net.ipv4.ip_forward=1']);
  batch(node.netns, [`route add ${PODS} via ${outside.addresses.ipv4}`]);
  const nat = (...rule: string[]): string => runIn(node.netns, 'iptables', ['-t', 'nat', '-I', ...rule]);
  nat('POSTROUTING', '-d', PODS, '-j', 'RETURN');
  const target = `${pod.addresses.ipv4}:8080`;
  nat(
    'PREROUTING',
    '-d',
    SERVICE.address,
    '-p',
    'tcp',
    '--dport',
    '80',
    '-j',
    'DNAT',
    '--to-destination',
    target,
  );
  // Its namespace is found through its processes, as that of every pod.
  lab.spawn(lab.placeOf(pod), 'sleep', ['infinity']);
  const inventory = join(lab.folder, `${id}-two-nodes.json`);
  writeFileSync(inventory, JSON.stringify(inventoryWith(lab, [pod, hostPod])));
  return {
    name: NAME,
    netns: outside.netns,
    address: outside.addresses.ipv4,
    pod,
    hostPod,
    service: SERVICE,
    inventory,
  };
}

function podOf(lab: Lab, name: string, hostNetwork: boolean): PodPlan {
  const { outside, id } = lab.plan;
  return {
    namespace: 'shop',
    name,
    uid: randomUUID(),
    container: 'far',
    containerId: randomBytes(32).toString('hex'),
    workload: 'far',
    labels: { app: hostNetwork ? 'exporter' : 'far' },
    hostNetwork,
    addresses: hostNetwork ? outside.addresses : { ipv4: '10.244.1.2', ipv6: 'fd00:10:244:1::2' },
    netns: hostNetwork ? outside.netns : `${id}-far`,
    hostInterface: hostNetwork ? null : `veth${randomBytes(4).toString('hex')}`,
  };
}

function inventoryWith(lab: Lab, pods: readonly PodPlan[]): { items: readonly InventoryObject[] } {
  const { outside } = lab.plan;
  const whole = inventoryOf(lab.plan);
  // The second node as a lab of its own would have it.
  const second = inventoryOf({
    ...lab.plan,
    node: { name: NAME, uid: randomUUID(), netns: outside.netns, addresses: outside.addresses },
    pods,
    services: [
      {
        namespace: 'shop',
        name: SERVICE.name,
        uid: randomUUID(),
        addresses: { ipv4: SERVICE.address, ipv6: 'fd00:10:96::40' },
        selector: { app: 'far' },
        ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
      },
    ],
  });
  return { ...whole, items: [...whole.items, ...second.items] };
}
