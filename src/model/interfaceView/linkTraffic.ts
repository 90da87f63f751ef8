import type { PlacedInterface, Wirings } from '../path/wirings.ts';
import type { InterfaceTopology } from '../topology.ts';
import { isPodWire, ownerOf } from './owner.ts';
import { TRAFFIC_LABELS } from './traffic.ts';
import type { Passage, TrafficLine } from './trafficLine.ts';

/** What processes of a namespace send to each other. */
export function loopbackLine({ place, link }: PlacedInterface): TrafficLine {
  const loopback = place.namespace.interfaces.find(({ role }) => role === 'loopback') ?? null;
  const here = link.role === 'loopback';
  const pod = place.namespace.pod;
  const whose = pod === null ? place.node : `${pod.namespace}/${pod.name}`;
  return {
    kind: 'loopback',
    label: TRAFFIC_LABELS.loopback,
    passage: here ? 'all' : 'none',
    reason: here
      ? `What ${whose} sends to itself, also by its other addresses. Each packet is counted twice: on its way out and in again.`
      : 'What a namespace sends to itself passes its own loopback alone; each pod has one of its own.',
    evidence: [],
    strays: null,
    seenBy:
      here || loopback === null ? [] : [{ ...referenceTo(place.namespace.inode, loopback), passage: 'all' }],
    more: 0,
  };
}

/** What is sent to everyone on a link ends at the link: bridges send it to every port, routers do not pass it on. */
export function broadcastLine(
  at: PlacedInterface,
  wirings: Wirings,
  others: readonly PlacedInterface[],
): TrafficLine {
  const { passage, reason, evidence } = broadcastAt(at, wirings);
  const head = { kind: 'broadcast', label: TRAFFIC_LABELS.broadcast, strays: null } as const;
  const line = { ...head, passage, reason, evidence };
  if (passage !== 'none') return { ...line, seenBy: [], more: 0 };
  const seen = others
    .map((other) => ({ other, found: broadcastAt(other, wirings).passage }))
    .filter(({ found }) => found !== 'none');
  const bridges = seen.filter(({ other }) => other.link.kind === 'bridge');
  const shown = bridges.length > 0 ? bridges : seen.slice(0, MOST_SHOWN);
  return {
    ...line,
    seenBy: shown.map(({ other, found }) => ({
      ...referenceTo(other.place.namespace.inode, other.link),
      passage: found,
    })),
    more: bridges.length > 0 ? 0 : seen.length - shown.length,
  };
}

const MOST_SHOWN = 3;

interface Heard {
  readonly passage: Passage;
  readonly reason: string;
  readonly evidence: readonly string[];
}

function broadcastAt(at: PlacedInterface, wirings: Wirings): Heard {
  const { place, link } = at;
  if (link.kind === 'bridge' && hasPodPorts(at)) {
    return {
      passage: 'all',
      reason: `${link.name} sends broadcast to every port, and takes a copy itself.`,
      evidence: [`${link.name} has pods’ veths as ports`],
    };
  }
  const bridge = bridgeOf(at, wirings);
  if (bridge !== null) {
    return {
      passage: 'all',
      reason: `${bridge.name} sends broadcast to every port; multicast too, unless it snoops who wants it.`,
      evidence: [`${bridge.name} is the bridge of this wire`],
    };
  }
  if (isPodWire(at) && link.role !== 'loopback') {
    const pod = ownerOf(at, wirings);
    const who = pod === null ? 'this pod' : `${pod.namespace}/${pod.name}`;
    return {
      passage: 'part',
      reason: `Only what ${who} and the node send on this wire: it is no port of a bridge, and broadcast is not routed.`,
      evidence: [`${link.name} has no bridge`],
    };
  }
  const own = wirings.node(place.node);
  const podBridge = own?.namespace.interfaces.find((candidate) =>
    hasPodPorts({ place: own, link: candidate }),
  );
  const end = podBridge === undefined ? 'the pods’ wires' : podBridge.name;
  return {
    passage: 'none',
    reason: `Broadcast of pods ends at ${end}: it is not routed.`,
    evidence: [
      podBridge === undefined
        ? 'no bridge of this node has pods as ports'
        : `${link.name} is no port of ${end}`,
    ],
  };
}

function hasPodPorts({ place, link }: PlacedInterface): boolean {
  return (
    link.kind === 'bridge' &&
    place.namespace.interfaces.some(({ master, role }) => master === link.ifindex && role === 'pod-veth')
  );
}

/** The bridge with pods as ports that the interface, or the other end of its wire, is a port of. */
function bridgeOf(at: PlacedInterface, wirings: Wirings): InterfaceTopology | null {
  const end = at.place.kind === 'node' ? at : wirings.peer(at);
  if (end === null) return null;
  const { place } = end;
  const master = place.namespace.interfaces.find(({ ifindex }) => ifindex === end.link.master);
  return master !== undefined && hasPodPorts({ place, link: master }) ? master : null;
}

function referenceTo(
  netns: number,
  { ifindex, name }: InterfaceTopology,
): { readonly netns: number; readonly ifindex: number; readonly name: string } {
  return { netns, ifindex, name };
}
