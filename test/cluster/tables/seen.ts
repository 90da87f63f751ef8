/** What each interface of a node sees of each kind of traffic: by tshark, by the agent, and as the interface view says. */
import type { Flow, Sighting } from '../../../src/model/flow.ts';
import { interfaceView } from '../../../src/model/interfaceView/interfaceView.ts';
import type { TrafficKind } from '../../../src/model/interfaceView/traffic.ts';
import type { Passage } from '../../../src/model/interfaceView/trafficLine.ts';
import type { Topology } from '../../../src/model/topology.ts';

/** One end of a packet: its address and port where they decide; masquerade picks both. */
export interface End {
  readonly address: string | null;
  readonly port: number | null;
}

/** Packets of a kind, by both ends as they look where they are counted. */
export interface Kind {
  readonly name: string;
  /** What the interface view calls it. */
  readonly kind: TrafficKind;
  readonly ends: readonly [End, End];
}

/** Interface, source, its port, destination, its port. */
export type Packet = readonly [string, string, string, string, string];

/** tshark's fields of a {@link Packet}. */
export const PACKET_FIELDS = ['frame.interface_name', 'ip.src', 'tcp.srcport', 'ip.dst', 'tcp.dstport'];

export interface SeenCell {
  readonly interface: string;
  readonly tshark: number;
  readonly agent: number;
  readonly passage: Passage;
}

export interface SeenRow {
  readonly kind: Kind;
  readonly cells: readonly SeenCell[];
}

/** @param isOfPod whether a kind of traffic is that of the interface's own pod, where the view says `part` */
export function seenRows(
  kinds: readonly Kind[],
  interfaces: readonly string[],
  { packets, flows, topology }: { packets: readonly Packet[]; flows: readonly Flow[]; topology: Topology },
): SeenRow[] {
  return kinds.map((kind) => ({
    kind,
    cells: interfaces.map((name) => ({
      interface: name,
      tshark: packets.filter((packet) => packet[0] === name && isOf(kind, packet)).length,
      agent: flows
        .flatMap(({ sightings }) => sightings)
        .filter((sighting) => sighting.interface === name && sighting.node === topology.node)
        .filter((sighting) => isOf(kind, packetOf(sighting)))
        .reduce((sum, { packets: count }) => sum + count, 0),
      passage: passageOf(topology, name, kind),
    })),
  }));
}

function packetOf({ interface: name, tuple }: Sighting): Packet {
  const { source, sourcePort, destination, destinationPort } = tuple;
  return [name, source, String(sourcePort), destination, String(destinationPort)];
}

/** In either direction. */
function isOf({ ends: [one, other] }: Kind, [, source, sourcePort, destination, port]: Packet): boolean {
  const is = (end: End, address: string, at: string): boolean =>
    (end.address === null || end.address === address) && (end.port === null || String(end.port) === at);
  return (
    (is(one, source, sourcePort) && is(other, destination, port)) ||
    (is(other, source, sourcePort) && is(one, destination, port))
  );
}

function passageOf(topology: Topology, name: string, { kind }: Kind): Passage {
  const own = topology.namespaces[0];
  const link = own?.interfaces.find((candidate) => candidate.name === name);
  if (own === undefined || link === undefined) throw new Error(`${topology.node} has no ${name}`);
  const line = interfaceView(topology, own.inode, link.ifindex)?.lines.find((one) => one.kind === kind);
  if (line === undefined) throw new Error(`the view of ${name} has no line ${kind}`);
  return line.passage;
}
