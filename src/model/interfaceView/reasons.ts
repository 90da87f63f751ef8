import { addressOf } from '../path/addresses.ts';
import { blankBeside } from '../path/blanks.ts';
import { uplinkOf } from '../path/wirings.ts';
import type { PlacedInterface, Wirings } from '../path/wirings.ts';
import { ports, routesBy, routesOf, switchedBetween, sysctls } from './evidence.ts';
import { isPodWire, ownerOf } from './owner.ts';
import type { Passing } from './passage.ts';
import type { Probe } from './probes.ts';
import { BRIDGED, LEAVING, OTHER_WAY, PARTS } from './reasonWords.ts';
import type { ProbedKind } from './traffic.ts';
import type { Reason } from './trafficLine.ts';

export interface ReasonFacts {
  readonly kind: ProbedKind;
  readonly at: PlacedInterface;
  readonly passing: Passing;
  readonly wirings: Wirings;
}

/** Why the interface sees what it sees of a kind of traffic, or sees nothing of it. */
export function lineReason(facts: ReasonFacts): Reason {
  const { passage, translated } = facts.passing;
  if (passage === 'inside') return wrapped(facts);
  if (passage === 'part') return partly(facts);
  if (passage === 'all') return wholly(facts);
  return translated ? otherwiseTranslated(facts) : missed(facts);
}

function wrapped({ at, passing }: ReasonFacts): Reason {
  const tunnel = tunnelName(at) ?? 'a tunnel';
  return {
    reason: `The packets pass here only inside those of ${tunnel}: the outer ones have the nodes’ addresses.`,
    evidence: routesBy(passing.seen, tunnel),
  };
}

function partly(facts: ReasonFacts): Reason {
  const { at, kind, wirings } = facts;
  const { name } = at.link;
  if (!isPodWire(at)) {
    return {
      reason:
        kind === 'service-asked' && at.link.kind === 'bridge'
          ? `Only answers of backends on other nodes: DNAT is undone before ${name} sends them, and was made before it took the question.`
          : `Only what comes from or goes to pods that ${name} leads to.`,
      evidence: [...routesOf(facts.passing.seen, at), ...sysctls(at, kind)],
    };
  }
  const pod = ownerOf(at, wirings);
  const who = pod === null ? 'the pod on this wire' : `${pod.namespace}/${pod.name}`;
  return { reason: `Only ${PARTS[kind](who)}.`, evidence: wireEvidence(facts) };
}

function wireEvidence({ at, wirings }: ReasonFacts): string[] {
  const peer = wirings.peer(at);
  if (peer === null) return [];
  const where = peer.place.namespace.pod;
  const whose = where === null ? peer.place.node : `${where.namespace}/${where.name}`;
  return [`${at.link.name} is the other end of ${peer.link.name} in ${whose}`];
}

function wholly(facts: ReasonFacts): Reason {
  const { at, kind, passing } = facts;
  const { link } = at;
  const evidence = routesOf(passing.seen, at);
  if (link.kind === 'bridge') {
    if (link.promiscuous && isSwitchedBy(at, passing.seen)) {
      return {
        reason: `${link.name} is promiscuous: it takes a copy of every frame that it switches.`,
        evidence: [`${link.name} is promiscuous`, ...ports(at)],
      };
    }
    return { reason: BRIDGED[kind](link.name), evidence: [...evidence, ...sysctls(at, kind)] };
  }
  if (link.role === 'tunnel') {
    return {
      reason: `${link.name} wraps what goes to pods of other nodes and unwraps what comes: here it is plain.`,
      evidence,
    };
  }
  return { reason: LEAVING[kind](nodeAddresses(at)), evidence };
}

/** They pass here, and look different. */
function otherwiseTranslated({ kind, at, wirings }: ReasonFacts): Reason {
  const evidence = sysctls(at, kind);
  const uplink = uplinkName(at, wirings);
  switch (kind) {
    case 'service-asked':
      return {
        reason: 'The packets pass here after DNAT: the Service’s address was replaced by the backend’s.',
        evidence,
      };
    case 'service-backend':
    case 'service-backend-on-other-node':
      return {
        reason: 'The packets pass here before DNAT: they still have the Service’s address.',
        evidence,
      };
    case 'pod-to-outside':
      return {
        reason: 'The packets pass here after masquerade: the pod’s address was replaced by the node’s.',
        evidence,
      };
    case 'pod-masqueraded':
      return {
        reason: `The packets pass here with the pod’s own address: masquerade comes on their way out of ${uplink}.`,
        evidence,
      };
    case 'node-port-asked':
      return {
        reason: 'The packets pass here after DNAT: they have the backend’s address and port.',
        evidence,
      };
    default:
      return {
        reason: 'The packets pass here before DNAT: they have the node’s address and port.',
        evidence,
      };
  }
}

function missed({ kind, at, passing, wirings }: ReasonFacts): Reason {
  const { link } = at;
  const [first] = passing.missed;
  const uplink = uplinkName(at, wirings);
  if (link.role === 'loopback') {
    return { reason: 'Loopback carries only what a namespace sends to itself.', evidence: [] };
  }
  if (kind === 'tunnel-outer' && link.role === 'tunnel') {
    return {
      reason: `${link.name} makes the outer packets and opens them: they themselves go through ${uplink}.`,
      evidence: routesOf(passing.missed, at),
    };
  }
  if (kind === 'host-network' || kind === 'tunnel-outer') return sentByNode(kind, at, passing.missed, uplink);
  if (first === undefined) return { reason: 'No packet takes this way.', evidence: [] };
  const { kind: why, evidence } = blankBeside(at, first.ways);
  if (why === 'switched') return switched(kind, at);
  if (why === 'same-node') {
    return {
      reason: `Both ends are on ${at.place.node}: the packets never leave it.`,
      evidence: evidence.length > 0 ? evidence : switchedBetween(first),
    };
  }
  return { reason: OTHER_WAY[kind], evidence: routesOf(passing.missed, at) };
}

function sentByNode(
  kind: 'host-network' | 'tunnel-outer',
  at: PlacedInterface,
  probes: readonly Probe[],
  uplink: string,
): Reason {
  const who = kind === 'host-network' ? 'Processes and hostNetwork pods' : 'Tunnels';
  const how = isPodWire(at) ? 'have no veth' : `are not behind ${at.link.name}`;
  return {
    reason: `${who} send from the node’s own namespace, out of ${uplink}: they ${how}.`,
    evidence: routesOf(probes, at),
  };
}

/** A bridge passes frames on; what it takes itself is only what is addressed to it. */
function switched(kind: ProbedKind, at: PlacedInterface): Reason {
  const { name } = at.link;
  const calls =
    kind === 'pod-to-pod'
      ? ''
      : ' DNAT is made within the bridge, and the frame goes on to the backend’s port.';
  return {
    reason: `${name} switches the frames from port to port and takes none itself.${calls}`,
    evidence: [`${name} is not promiscuous`, ...ports(at), ...sysctls(at, kind)],
  };
}

/** Until a bridge knows where the backend is, it sends the translated frames itself. */
export function strayReason({ link }: PlacedInterface): string {
  return `Packets that come before ${link.name} knows the backend’s MAC go out of ${link.name} itself.`;
}

function isSwitchedBy({ link }: PlacedInterface, probes: readonly Probe[]): boolean {
  return probes.some(({ ways }) =>
    [ways.request, ways.reply].some(({ switchings }) =>
      switchings.some(({ bridge }) => bridge.link.ifindex === link.ifindex),
    ),
  );
}

function tunnelName({ place }: PlacedInterface): string | null {
  return place.namespace.interfaces.find(({ role }) => role === 'tunnel')?.name ?? null;
}

function uplinkName({ place }: PlacedInterface, wirings: Wirings): string {
  const own = wirings.node(place.node);
  return (own === null ? null : uplinkOf(own)?.name) ?? 'the uplink';
}

function nodeAddresses({ link }: PlacedInterface): string {
  const addresses = link.addresses.map(addressOf).filter((address) => !address.startsWith('fe80:'));
  return addresses.join(', ') || 'the node’s address';
}
