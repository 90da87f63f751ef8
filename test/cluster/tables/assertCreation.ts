/** What is told of a new pod's network, held to the kernel's events while it was made. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LinkChange } from '../../../agent/native/index.d.ts';
import { loadPayload } from '../../../agent/src/collector/addon.ts';
import type { NetworkStep, StepKind } from '../../../src/model/podNetwork/networkStep.ts';
import { podNetwork } from '../../../src/model/podNetwork/podNetwork.ts';
import { netnsPath, run } from '../../lab/commands.ts';
import { nodeNamespace } from '../cluster.ts';
import type { Cluster } from '../cluster.ts';
import { inNode } from '../inNode.ts';
import { kubectl } from '../kubectl.ts';
import { waitReady } from '../kube/support.ts';
import { podPlace } from '../pods.ts';
import type { Event, WireEnds } from './creation.ts';
import { IpMonitor, placesOf, wasMoved } from './creation.ts';
import { textTable } from './textTable.ts';
import { toolsPod } from './toolsPod.ts';
import { inventoryFile, NODE, wiringNow } from './wiringNow.ts';

/** Makes a pod while the kernel's events are followed, and holds to them what is told of it after. */
export async function assertCreation(cluster: Cluster, namespace: string): Promise<void> {
  const netns = nodeNamespace(cluster.id, NODE);
  // A change that means nothing, to hear that the monitor hears.
  let count = 0;
  const monitor = await IpMonitor.start(netns, () => {
    count += 1;
    run('ip', ['-n', netns, 'link', 'set', 'lo', 'alias', `monitored ${count}`]);
  });
  const { addon } = loadPayload();
  const handle = new addon.NetworkNamespace(netnsPath(netns));
  const heard: LinkChange[] = [];
  const listener = handle.watch((change) => heard.push(change));
  try {
    await toolsPod(cluster, namespace, 'fresh');
    await waitReady(cluster, namespace, 'fresh');
    await sleep(1500); // duplicate address detection ends, and ip prints in its own time
    const { uid, address } = await podPlace(cluster, namespace, 'fresh');
    const network = podNetwork(wiringNow(cluster, await inventoryFile(cluster)), uid);
    assert.ok(network);
    const [inside, outside] = network.steps.find(({ kind }) => kind === 'veth-pair')?.findings ?? [];
    assert.ok(inside?.interface && outside?.interface);
    const { events } = monitor;
    const addressed = events.find(({ nsid, text }) => nsid !== null && text.includes(` inet ${address}/`));
    assert.ok(addressed !== undefined && addressed.nsid !== null, 'the kernel told of the pod’s address');
    const ends: WireEnds = {
      outside: outside.interface.name,
      inside: inside.interface.name,
      insideIndex: inside.interface.ifindex,
      address,
      nsid: addressed.nsid,
    };
    const places = placesOf(network, events, ends);
    const numbered = network.steps.map((step, index) => ({ step, number: index + 1 }));
    const inOrder = [...places].sort(([, a], [, b]) => a - b);
    console.log(
      textTable(`How a new pod’s network was made: ${cluster.shape}`, [
        ['step as told', 'where', 'first event of the kernel'],
        ...inOrder.map(([kind, place]) => {
          const found = numbered.find(({ step }) => step.kind === kind);
          const step = `${found?.number ?? '?'}. ${found?.step.title ?? kind}`;
          return [step, ...eventWords(events[place])];
        }),
      ]),
    );
    for (const [kind, place] of places) {
      assert.ok(place >= 0, `the kernel told of no event of step ${kind}`);
      const { needs = [] } = network.steps.find((step) => step.kind === kind) ?? {};
      for (const need of needs) {
        const before = places.get(need);
        if (before !== undefined) assert.ok(before <= place, `${kind} needs ${need}, which came later`);
      }
    }
    const made = await namespaceMade(cluster, network.steps[0]);
    assert.ok(
      made < (events[places.get('veth-pair') ?? 0]?.time ?? 0),
      'the namespace was there before the wire',
    );
    const moved = wasMoved(events, ends);
    const { inferred = '' } = network.steps.find(({ kind }) => kind === 'move') ?? {};
    assert.equal(
      (inferred ?? '').includes('both ends were made on the node'),
      moved,
      'whether an end was moved',
    );
    assert.equal(
      (inferred ?? '').includes('did not need one'),
      !moved,
      'whether an end was made where it is',
    );
    // The agent's own listener hears the same in the same order.
    const told = (kind: LinkChange['kind'], nsid: number, ifindex: number): number =>
      heard.findIndex((one) => one.kind === kind && one.nsid === nsid && one.ifindex === ifindex);
    const byListener: readonly (readonly [StepKind, number])[] = [
      ['veth-pair', told('link', -1, outside.interface.ifindex)],
      ['bridge-port', told('port', -1, outside.interface.ifindex)],
      ['address', told('address', ends.nsid, inside.interface.ifindex)],
    ];
    const heardInOrder = byListener.filter(([kind]) => places.has(kind)).sort(([, a], [, b]) => a - b);
    for (const [kind, place] of heardInOrder) assert.ok(place >= 0, `the listener heard of ${kind}`);
    const kinds = heardInOrder.map(([kind]) => kind);
    assert.deepEqual(
      kinds,
      inOrder.flatMap(([kind]) => (kinds.includes(kind) ? [kind] : [])),
    );
  } finally {
    listener.close();
    handle.close();
    await monitor.end();
    run('ip', ['-n', netns, 'link', 'set', 'lo', 'alias', '']);
    await kubectl(cluster, ['-n', namespace, 'delete', 'pod', 'fresh', '--wait=false']);
  }
}

/** ip calls interfaces of a pod by what the node has at their index: such names are left out. */
function eventWords(event: Event | undefined): [string, string] {
  const text = (event?.text ?? '').replace(/\\.*/, '').slice(0, 90);
  if (event?.nsid === null) return ['node', text];
  return ['pod', text.replace(/^\d+: \S+\s+inet/, 'inet').replace(/ dev \S+/, '')];
}

/** When the file that names the pod's namespace was made, milliseconds: the runtime makes it and mounts the namespace over it. */
async function namespaceMade(cluster: Cluster, step: NetworkStep | undefined): Promise<number> {
  const inode = Number.parseInt(step?.findings[0]?.value ?? '', 10);
  const script = `for file in /run/netns/*; do
    if [ "$(stat -Lc %i "$file")" = ${inode} ]; then umount "$file" && stat -c %.3Z "$file"; exit; fi
  done`;
  // In a mount namespace of its own, so that the node keeps the mount.
  const seconds = await inNode(cluster, NODE, ['unshare', '-m', 'sh', '-c', script]);
  assert.match(seconds, /^\d+\.\d+/, `the node has no name for namespace ${inode}`);
  return Number(seconds) * 1000;
}
