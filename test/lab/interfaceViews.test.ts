/**
 * What is counted at each interface of the lab's node by kind of traffic: as many packets and bytes as tshark has there for the
 * conversations of that kind, and none where the table says that there are none.
 */
import assert from 'node:assert/strict';
import type { InterfaceTable } from '../../agent/src/commandLine/interfaceSums.ts';
import type { CountedKind } from '../../src/model/interfaceView/traffic.ts';
import { delay } from './commands.ts';
import { converse, OWN_SERVICE, prepareConversations } from './conversations.ts';
import { Lab } from './lab.ts';
import { Observation } from './observe.ts';
import type { Addresses } from './plan.ts';
import { Sniffer } from './truth/sniffer.ts';
import { interfaceStatistics } from './truth/interfaceStatistics.ts';

const COLUMNS = [
  'frame.interface_name',
  'frame.len',
  'ip.src',
  'ip.dst',
  'ipv6.src',
  'ipv6.dst',
  'tcp.srcport',
  'tcp.dstport',
];

/** A packet as tshark has it. */
interface Seen {
  readonly name: string;
  readonly bytes: number;
  readonly addresses: readonly string[];
  readonly ports: readonly number[];
}

describe('interface views with counts', () => {
  let lab: Lab;
  let tables: readonly InterfaceTable[];
  let captured: readonly Seen[];
  /** Which kind a conversation's packets are by their addresses, by the client's port; told by hand. */
  let kinds: ReadonlyMap<number, (addresses: readonly string[]) => CountedKind>;

  before(async function () {
    this.timeout(120_000);
    lab = await Lab.build();
    lab.setOffloads(false);
    const { node } = lab.plan;
    await prepareConversations(lab);
    const names = interfaceStatistics(node.netns).map(({ name }) => name);
    const sniffer = await Sniffer.start(node.netns, names, 'tcp or icmp6', COLUMNS);
    const observation = await Observation.start(lab, 60, undefined, [
      '--interface-views',
      '--node',
      node.name,
    ]);
    kinds = kindsOf(converse(lab));
    await delay(1000);
    tables = (await observation.interrupt()).tables;
    captured = (await sniffer.end()).map(seenOf);
  });

  after(async () => {
    await lab.close();
  });

  function kindsOf(asked: ReadonlyMap<string, number>): typeof kinds {
    const both = ({ ipv4, ipv6 }: Addresses): string[] => [ipv4, ipv6];
    const services = [...lab.plan.services.flatMap(({ addresses }) => both(addresses)), OWN_SERVICE];
    const client = both(lab.pod('client').addresses);
    const node = both(lab.plan.node.addresses);
    const byAddress =
      (some: readonly string[], kind: CountedKind, otherwise: CountedKind) =>
      (addresses: readonly string[]): CountedKind =>
        addresses.some((address) => some.includes(address)) ? kind : otherwise;
    const kindOf = (what: string): ((addresses: readonly string[]) => CountedKind) => {
      if (what.startsWith('pod to pod')) return () => 'pod-to-pod';
      if (what.startsWith('pod to Service') || what.startsWith('pod to itself')) {
        return byAddress(services, 'service-asked', 'service-backend');
      }
      if (what.startsWith('pod to outside')) return byAddress(client, 'pod-to-outside', 'pod-masqueraded');
      if (what === 'outside to NodePort') return byAddress(node, 'node-port-asked', 'node-port-backend');
      if (what === 'outside to hostNetwork pod') return () => 'host-network';
      return () => (what === 'node to hostNetwork pod' ? 'loopback' : 'process-to-pod');
    };
    return new Map([...asked].map(([what, port]) => [port, kindOf(what)]));
  }

  /** Neighbour discovery between two addresses that are not only for the link; null for what is, or is for everyone. */
  function neighbourKind(addresses: readonly string[]): CountedKind | null {
    if (addresses.some((address) => /^(?:fe80|ff|::$)/.test(address))) return null;
    const isPod = (address: string): boolean =>
      lab.plan.pods.some((pod) => !pod.hostNetwork && pod.addresses.ipv6 === address);
    const pods = addresses.filter(isPod).length;
    if (pods === 2) return 'pod-to-pod';
    return pods === 1 ? 'process-to-pod' : 'host-network';
  }

  it('as many packets and bytes of each kind at each interface as tshark has there', () => {
    const expected = new Map<string, { packets: number; bytes: number }>();
    for (const { name, bytes, addresses, ports } of captured) {
      const ofConversation = ports.map((port) => kinds.get(port)).find((found) => found !== undefined);
      const kind = (ofConversation ?? neighbourKind)(addresses);
      if (kind === null) continue;
      const key = `${name} ${kind}`;
      const sum = expected.get(key) ?? { packets: 0, bytes: 0 };
      // What leaves by lo comes in by it: tshark shows it once.
      const times = name === 'lo' ? 2 : 1;
      expected.set(key, { packets: sum.packets + times, bytes: sum.bytes + times * bytes });
    }
    const counted = new Map(
      tables.flatMap(({ interface: name, lines }) =>
        lines
          .filter(({ kind, counted: { packets } }) => packets > 0 && kind !== 'broadcast')
          .map(({ kind, counted: { packets, bytes } }) => [`${name} ${kind}`, { packets, bytes }] as const),
      ),
    );
    const sorted = (one: ReadonlyMap<string, unknown>): unknown => Object.fromEntries([...one].sort());
    assert.deepEqual(sorted(counted), sorted(expected));
    assert.ok(expected.size > 15, String(expected.size));
  });

  it('nothing where the table says that nothing passes', () => {
    assert.equal(tables.length, interfaceStatistics(lab.plan.node.netns).length);
    const wrong = tables.flatMap(({ interface: name, lines }) =>
      lines.filter(({ contradiction }) => contradiction).map(({ kind }) => `${kind} at ${name}`),
    );
    assert.deepEqual(wrong, []);
  });

  it('every kind of line was there, so that a wrong one would have been found', () => {
    const seen = new Set(
      tables.flatMap(({ lines }) =>
        lines.filter(({ counted }) => counted.packets > 0).map(({ kind }) => kind),
      ),
    );
    const missing = tables[0]?.lines.map(({ kind }) => kind).filter((kind) => !seen.has(kind));
    // One node alone, without a tunnel.
    assert.deepEqual(
      missing?.filter((kind) => kind !== 'broadcast'),
      ['pod-to-other-node', 'service-backend-on-other-node', 'process-to-other-node', 'tunnel-outer'],
    );
  });
});

function seenOf(row: readonly string[]): Seen {
  const [name = '', length, source4 = '', destination4 = '', source6 = '', destination6 = '', from, to] = row;
  return {
    name,
    bytes: Number(length),
    addresses: [source4, destination4, source6, destination6].filter((address) => address !== ''),
    ports: [Number(from), Number(to)],
  };
}
