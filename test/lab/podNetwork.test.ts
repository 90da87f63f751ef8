/**
 * How a pod got its network: the commands that are told, of recorded pods of every shape of a cluster's network, make the
 * same network in empty namespaces; and the command line tells it of the lab's own pods.
 */
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { loadPayload } from '../../agent/src/collector/addon.ts';
import { TopologyReader } from '../../agent/src/topology/topologyReader.ts';
import { addressOf } from '../../src/model/path/addresses.ts';
import type { NetworkStep, PodNetwork } from '../../src/model/podNetwork/networkStep.ts';
import { podNetwork } from '../../src/model/podNetwork/podNetwork.ts';
import { podNetworkText } from '../../src/model/podNetwork/podNetworkText.ts';
import type { RecordedShape } from '../../src/model/recordings/recordedWiring.fixture.ts';
import {
  RECORDED_SHAPES,
  recordedPod,
  recordedWiring,
} from '../../src/model/recordings/recordedWiring.fixture.ts';
import type { Topology } from '../../src/model/topology.ts';
import { netnsPath, run, runIn } from './commands.ts';
import { Lab } from './lab.ts';
import { batch, removeNetwork } from './network.ts';
import { agent } from './observe.ts';

const POD = 'client';

describe('how a pod got its network', function () {
  this.timeout(60_000);
  let lab: Lab;
  let node = '';
  let pod = '';

  before(async () => {
    lab = await Lab.build();
    node = `${lab.plan.id}-empty-node`;
    pod = `${lab.plan.id}-empty-pod`;
    lab.expectNamespaces([node, pod]);
  });

  after(async () => {
    await lab.close();
  });

  describe('by its commands, in empty namespaces', () => {
    afterEach(() => {
      removeNetwork([node, pod]);
    });

    for (const shape of RECORDED_SHAPES) {
      it(`is made again as it was: ${shape}`, () => {
        const before = networkOf(recordedWiring(shape), recordedPod(shape, POD).uid);
        prepare(shape);
        for (const command of before.steps.flatMap(({ commands }) => commands)) {
          // The one name that all of the machine would share.
          const own = command.replaceAll(new RegExp(`\\b${POD}\\b`, 'g'), pod);
          runIn(node, 'sh', ['-c', own]);
        }
        const again = networkOf(readAgain(shape), recordedPod(shape, POD).uid);
        assert.deepEqual(again.steps.map(comparable), before.steps.map(comparable));
      });
    }
  });

  /** What a node has before its first pod: an uplink, and the plugin's own devices. */
  function prepare(shape: RecordedShape): void {
    run('ip', ['netns', 'add', node]);
    const own = recordedWiring(shape).namespaces[0]?.interfaces ?? [];
    const uplink = own.find(({ role }) => role === 'uplink')?.addresses[0] ?? '';
    const gateway = recordedWiring(shape).namespaces[0]?.routes.find(
      ({ destination }) => destination === '0.0.0.0/0',
    )?.gateway;
    batch(node, [
      'link set lo up',
      'link add fabric type veth peer name eth0',
      `addr add ${uplink} dev eth0`,
      'link set fabric up',
      'link set eth0 up',
      `route add default via ${gateway ?? ''}`,
      ...(own.some(({ name }) => name === 'cni0') ? ['link add cni0 type bridge', 'link set cni0 up'] : []),
    ]);
    const cilium = own.find(({ name }) => name === 'cilium_host');
    if (cilium === undefined) return;
    batch(node, [
      'link add cilium_net type veth peer name cilium_host',
      `addr add ${cilium.addresses[0] ?? ''} dev cilium_host`,
      'link add cilium_vxlan type vxlan external dstport 8472',
      'link set cilium_net up',
      'link set cilium_host up',
      `route add ${addressOf(cilium.addresses[0] ?? '')} dev cilium_host`,
    ]);
  }

  function readAgain(shape: RecordedShape): Topology {
    const { addon } = loadPayload();
    const recorded = recordedPod(shape, POD);
    const addresses = recordedWiring(shape).namespaces.find(({ pod: own }) => own?.uid === recorded.uid);
    const own = addresses?.interfaces.flatMap((link) => link.addresses.map(addressOf)) ?? [];
    const pods = {
      podByUid: () => null,
      podByAddress: (address: string) =>
        own.includes(address) && address.includes('10.244.') ? recorded : null,
    };
    const handle = new addon.NetworkNamespace(netnsPath(node));
    try {
      const watched = (): [typeof handle] => [handle];
      return new TopologyReader({ addon, node, watched, pods, isAttached: () => false }).read();
    } finally {
      handle.close();
    }
  }

  it('is told by the command line as text and as JSON, of a pod and of one of the node’s network', () => {
    const args = ['topology', '--netns', lab.plan.node.netns, '--inventory', lab.inventory];
    const told = (name: string): PodNetwork => {
      const { status, output, messages } = agent([...args, '--pod', name, '--output', 'json']);
      assert.equal(status, 0, messages);
      const network = JSON.parse(output) as PodNetwork;
      assert.equal(agent([...args, '--pod', name]).output, `${podNetworkText(network)}\n`);
      return network;
    };
    const client = lab.pod('client');
    const { steps } = told(client.name);
    const inode = runIn(client.netns, 'stat', ['-Lc', '%i', '/proc/self/ns/net']).trim();
    assert.ok(steps[0]?.findings[0]?.value.startsWith(`${inode};`));
    const [link] = JSON.parse(runIn(client.netns, 'ip', ['-j', 'link', 'show', 'eth0'])) as {
      ifindex: number;
      address: string;
      link_index: number;
    }[];
    assert.equal(steps[1]?.findings[0]?.value, `eth0 (${link?.ifindex ?? 0}), MAC ${link?.address ?? ''}`);
    assert.ok(
      steps[1].findings[1]?.value.startsWith(`${client.hostInterface ?? ''} (${link?.link_index ?? 0}),`),
    );
  });

  it('says which pods there are where it knows none of the name', () => {
    const args = [
      'topology',
      '--netns',
      lab.plan.node.netns,
      '--inventory',
      lab.inventory,
      '--pod',
      'no-such',
    ];
    const { status, messages } = agent(args);
    assert.equal(status, 1);
    assert.match(messages, /no pod no-such was found on this node\n.*There are .*shop\/client/);
  });

  it('names the pods of the node’s network, each by a process of it', () => {
    const sleeper = lab.spawn(lab.placeOf(lab.hostNetworkPod), 'sleep', ['60']);
    try {
      const args = ['topology', '--netns', lab.plan.node.netns, '--inventory', lab.inventory];
      const found = JSON.parse(agent([...args, '--output', 'json']).output) as Topology;
      const [host, ...others] = found.hostPods ?? [];
      assert.deepEqual(others, []);
      assert.equal(host?.uid, lab.hostNetworkPod.uid);
      const own = `net:[${found.namespaces[0]?.inode ?? 0}]`;
      assert.equal(readlinkSync(`/proc/${host.process}/ns/net`), own);
      const told = agent([...args, '--pod', host.uid]).output;
      assert.match(told, /1\. Nothing was made\n.*hostNetwork: true/);
    } finally {
      sleeper.kill('SIGKILL');
    }
  });
});

function networkOf(topology: Topology, uid: string): PodNetwork {
  const network = podNetwork(topology, uid);
  assert.ok(network, 'the pod has no network');
  return network;
}

/** All but what is another in another namespace: inodes, indices and MACs. */
function comparable({ kind, title, commands, needs, scope, sentence }: NetworkStep): unknown {
  const plain = (text: string): string => text.replaceAll(/\btmp\d+\b/g, 'tmp');
  return { kind, title, needs, scope, sentence, commands: commands.map(plain) };
}
