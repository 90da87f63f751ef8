import type { Tuple } from '../flow.ts';
import type { InterfaceTopology } from '../topology.ts';
import { addressOf } from './addresses.ts';
import { arrivalOf, hostSideOf } from './arrivals.ts';
import { callsNetfilter, portRefusal, portTowards, unknownPort } from './bridging.ts';
import { downText } from './carrier.ts';
import { ciliumPeer, ciliumTunnel, hasCilium, isCiliumHost, isOfPods, meetsCilium } from './cilium.ts';
import { delivered, stopped } from './endings.ts';
import type { Aside, Change, Ending } from './flowPath.ts';
import type { Netfilter } from './netfilter.ts';
import type { ChosenRoute, RoutedPacket } from './routing.ts';
import { routeTo, routing } from './routing.ts';
import { isSameTunnel, remoteOf } from './tunnels.ts';
import type { Place, PlacedInterface, Wirings } from './wirings.ts';
import { isLocal, linkWith, uplinkOf, whose } from './wirings.ts';
import type { Step, Switching, Unswitched, Walked } from './walked.ts';

const NOTHING: ReadonlySet<Change> = new Set();
/** What Cilium's programs translate in place of netfilter, and what netfilter may still. */
const OF_DESTINATION: ReadonlySet<Change> = new Set(['dnat', 'undo-dnat']);
const OF_SOURCE: ReadonlySet<Change> = new Set(['snat', 'undo-snat']);

/** Longer ways are loops. */
const MOST_STEPS = 64;

/**
 * Follows a packet through the wiring as the kernel forwards it: routes, bridges by their forwarding tables, veth pairs,
 * tunnels, Cilium's programs, and translations where they are made. One packet an object.
 */
export class Walk {
  readonly #wirings: Wirings;
  readonly #netfilter: Netfilter;
  /** Whether Cilium's programs translate, where there are any, in place of netfilter. */
  readonly #byCilium: boolean;
  readonly #steps: Step[] = [];
  readonly #switchings: Switching[] = [];
  readonly #routes: { place: Place; chosen: ChosenRoute }[] = [];
  #unswitched: Unswitched | null = null;
  #tuple: Tuple;
  #changes: Change[] = [];

  constructor(wirings: Wirings, netfilter: Netfilter, tuple: Tuple, byCilium = false) {
    this.#byCilium = byCilium;
    this.#wirings = wirings;
    this.#netfilter = netfilter;
    this.#tuple = tuple;
  }

  /** Sent by a process in the namespace. */
  sendFrom(place: Place): Walked {
    // A process's packets are translated on the way out (OUTPUT) as those of others are on the way in.
    this.#translate(place, 'before routing');
    return this.#walked(this.#forward(place, null));
  }

  /** Came to an interface from where nothing is known. @param inner inside a tunnel's packets */
  receiveAt(at: PlacedInterface, inner: boolean): Walked {
    if (inner) return this.#walked(this.#decapsulate(at));
    const own = at.link.addresses[0];
    return this.#walked(this.#receive(at, own === undefined ? this.#tuple.destination : addressOf(own)));
  }

  #walked(ending: Ending): Walked {
    return {
      steps: this.#steps,
      switchings: this.#switchings,
      unswitched: this.#unswitched,
      routes: this.#routes,
      ending,
      tuple: this.#tuple,
    };
  }

  #step(at: PlacedInterface, egress: boolean, inner = false): void {
    this.#steps.push({ at, egress, inner, tuple: this.#tuple, changes: this.#changes, aside: null });
    this.#changes = [];
  }

  /** What happened to the packets since the point before happened on this way too. */
  #asideStep(at: PlacedInterface, egress: boolean, aside: Aside): void {
    this.#steps.push({ at, egress, inner: false, tuple: this.#tuple, changes: this.#changes, aside });
  }

  /** @param leaves what somebody else does, elsewhere on the node */
  #translate(
    place: Place,
    when: 'before routing' | 'after routing',
    leaves: ReadonlySet<Change> = this.#byCilium && hasCilium(place) ? OF_DESTINATION : NOTHING,
  ): void {
    if (place.kind !== 'node') return;
    const done = this.#netfilter.translate(place.node, this.#tuple, when);
    if (done.changes.some((change) => leaves.has(change))) return;
    this.#tuple = done.tuple;
    this.#changes = [...this.#changes, ...done.changes];
  }

  /** @param incoming where it came in; null for what is sent there */
  #forward(place: Place, incoming: InterfaceTopology | null): Ending {
    const { namespace, node } = place;
    const { destination } = this.#tuple;
    if (isLocal(namespace, destination)) {
      const loopback = namespace.interfaces.find(({ role }) => role === 'loopback');
      if (incoming === null && loopback !== undefined) {
        this.#step({ place, link: loopback }, true);
        this.#step({ place, link: loopback }, false);
      }
      return delivered(place);
    }
    const found = routing(namespace, destination, this.#packet(incoming?.name));
    if (found.kind === 'none') return stopped(node, `${whose(place)} has no route to ${destination}`);
    if (found.kind === 'refused') {
      return stopped(node, `${whose(place)} lets nothing go to ${destination}: ${found.text}`);
    }
    const { chosen } = found;
    if (chosen.route.type === 'local') return delivered(place);
    this.#routes.push({ place, chosen });
    this.#translate(place, 'after routing');
    return this.#transmit({ place, link: chosen.link }, chosen.nextHop);
  }

  /** What rules ask of it. What a namespace sends itself comes in by lo to them. */
  #packet(incoming = 'lo'): RoutedPacket {
    return { source: this.#tuple.source, incoming };
  }

  #transmit(at: PlacedInterface, nextHop: string): Ending {
    if (this.#steps.length > MOST_STEPS) return stopped(at.place.node, 'the routes lead in a circle');
    this.#step(at, true);
    const redirected = isCiliumHost(at) ? this.#redirect(at.place) : null;
    if (redirected !== null) return redirected;
    if (at.link.role === 'tunnel') return this.#encapsulate(at, nextHop);
    if (at.link.kind !== 'bridge') return this.#cross(at, nextHop);
    const port = portTowards(this.#wirings, at, nextHop);
    if (port === null) return this.#flood(at, unknownPort(at, nextHop));
    const down = downText(this.#wirings, port);
    if (down !== null) return this.#flood(at, down);
    this.#step(port, true);
    return this.#cross(port, nextHop);
  }

  /** To the other end of the wire. */
  #cross(at: PlacedInterface, nextHop: string): Ending {
    const down = downText(this.#wirings, at);
    if (down !== null) return stopped(at.place.node, down);
    const peer = this.#wirings.peer(at);
    if (peer !== null) return this.#receive(peer, nextHop);
    const next = arrivalOf(this.#wirings, this.#tuple.destination, nextHop, at.place.node);
    if (next !== null) return this.#receive(next, nextHop);
    return {
      kind: 'left',
      node: at.place.node,
      text: `leaves ${at.place.node} by ${at.link.name} to ${nextHop}`,
    };
  }

  /** The port that a frame leaves by, or how it ends in the bridge. */
  #portBehind(from: PlacedInterface, bridge: PlacedInterface, nextHop: string): PlacedInterface | Ending {
    const to = portTowards(this.#wirings, bridge, nextHop);
    if (to === null) return this.#flood(bridge, unknownPort(bridge, nextHop));
    const down = downText(this.#wirings, to);
    if (down !== null) return this.#flood(bridge, down);
    const why = portRefusal(from, to);
    if (why === null) return to;
    this.#unswitched = { bridge, why, flooded: null };
    return stopped(bridge.place.node, why);
  }

  /** What a bridge does not know behind which port to look for it goes to all of them; a port that goes down is forgotten. */
  #flood(bridge: PlacedInterface, why: string): Ending {
    this.#unswitched = { bridge, why, flooded: this.#tuple };
    return stopped(bridge.place.node, why);
  }

  #receive(at: PlacedInterface, nextHop: string): Ending {
    this.#step(at, false);
    const master = at.place.namespace.interfaces.find(({ ifindex }) => ifindex === at.link.master);
    if (master?.kind === 'bridge') return this.#bridge(at, { place: at.place, link: master }, nextHop);
    if (master !== undefined) this.#step({ place: at.place, link: master }, false);
    return this.#arrive({ place: at.place, link: master ?? at.link });
  }

  #bridge(from: PlacedInterface, bridge: PlacedInterface, nextHop: string): Ending {
    const { namespace } = bridge.place;
    const isFiltered = callsNetfilter(bridge, nextHop);
    if (isFiltered) this.#translate(bridge.place, 'before routing');
    if (!isLocal(namespace, nextHop)) {
      return this.#switch(from, bridge, nextHop, { isFiltered, isTranslated: false });
    }
    const chosen =
      isFiltered && this.#changes.length > 0
        ? routeTo(namespace, this.#tuple.destination, this.#packet(bridge.link.name))
        : null;
    if (chosen?.link.ifindex === bridge.link.ifindex && !isLocal(namespace, this.#tuple.destination)) {
      return this.#switch(from, bridge, chosen.nextHop, { isFiltered, isTranslated: true });
    }
    this.#step(bridge, false);
    return this.#arrive(bridge);
  }

  /**
   * A frame whose destination netfilter translated was for the node: it is switched with another MAC. Those that come while
   * that is not known pass the bridge's way out first, to ask for it, and are then switched as the others
   * (net/bridge/br_netfilter_hooks.c, br_nf_pre_routing_finish_bridge). The copy that a promiscuous bridge takes still counts
   * as for the node, which forwards it too, unless a rule drops what connection tracking does not know (br_nf_local_in).
   */
  #switch(
    from: PlacedInterface,
    bridge: PlacedInterface,
    address: string,
    { isFiltered, isTranslated }: { isFiltered: boolean; isTranslated: boolean },
  ): Ending {
    const { name, promiscuous } = bridge.link;
    if (promiscuous) {
      this.#asideStep(bridge, false, { kind: 'copies', reason: `a copy of each: ${name} is promiscuous` });
    }
    const to = this.#portBehind(from, bridge, address);
    if ('kind' in to) return to;
    this.#switchings.push({ bridge, from, to, address, isTranslated });
    if (isTranslated) {
      const unknown = `what comes while ${address}'s MAC is not confirmed`;
      const reason = promiscuous
        ? `${unknown}, and copies that ${bridge.place.node} sends on once more`
        : `${unknown}: the rest is switched at once`;
      this.#asideStep(bridge, true, { kind: 'some', reason });
    }
    if (isFiltered) this.#translate(bridge.place, 'after routing');
    this.#step(to, true);
    return this.#cross(to, address);
  }

  #arrive({ place, link }: PlacedInterface): Ending {
    if (place.kind !== 'node') {
      const { destination } = this.#tuple;
      if (isLocal(place.namespace, destination)) return delivered(place);
      return stopped(place.node, `${whose(place)} does not have ${destination}`);
    }
    const passed = meetsCilium({ place, link }) ? this.#passCilium({ place, link }) : null;
    if (passed !== null) return passed;
    this.#translate(place, 'before routing');
    return this.#forward(place, link);
  }

  /** Cilium's program at an interface that the packet came in by. @returns null where it leaves it to the node */
  #passCilium({ place, link }: PlacedInterface): Ending | null {
    const before = this.#tuple;
    if (this.#byCilium) this.#translate(place, 'before routing', NOTHING);
    const isChanged = this.#tuple !== before;
    const isForNode = isLocal(place.namespace, this.#tuple.destination);
    const peer = ciliumPeer(place);
    if (link.role === 'tunnel' && isForNode && peer !== null) {
      this.#step({ place, link: peer }, true);
      return this.#cross({ place, link: peer }, this.#tuple.destination);
    }
    // Of what comes from outside, what it translates goes on to other nodes at once, and to pods of its own by the node's routes.
    if (
      link.role === 'uplink' &&
      (!isChanged || hostSideOf(this.#wirings, this.#tuple.destination, place) !== null)
    ) {
      return null;
    }
    const redirected = this.#redirect(place);
    // What goes on by the node's routes was translated back all the same; its source is netfilter's.
    if (redirected === null && this.#byCilium) this.#translate(place, 'after routing', OF_SOURCE);
    return redirected;
  }

  /** Into the pod's veth or the tunnel, past the node's routes. @returns null for what is not for a pod */
  #redirect(place: Place): Ending | null {
    if (!isOfPods(place, this.#tuple.destination)) return null;
    const local = hostSideOf(this.#wirings, this.#tuple.destination, place);
    const tunnel = ciliumTunnel(place);
    if (local === null && tunnel === null) return null;
    const { destination } = this.#tuple;
    if (this.#byCilium) this.#translate(place, 'after routing', NOTHING);
    if (local !== null) {
      this.#step(local, true);
      return this.#cross(local, destination);
    }
    const owner = this.#wirings.namespaceWith(destination);
    const node = owner === null ? null : this.#wirings.node(owner.node);
    const remote = node === null ? undefined : uplinkOf(node)?.addresses[0];
    if (tunnel === null) return null;
    this.#step({ place, link: tunnel }, true);
    return this.#carry({ place, link: tunnel }, remote === undefined ? null : addressOf(remote));
  }

  #encapsulate(tunnel: PlacedInterface, nextHop: string): Ending {
    const { place, link } = tunnel;
    const remote = remoteOf(place, link, nextHop);
    if (remote === null) return stopped(place.node, `${link.name} has no remote end for ${nextHop}`);
    return this.#carry(tunnel, remote);
  }

  /** @param remote the tunnel's other end; null where it is not known */
  #carry({ place, link }: PlacedInterface, remote: string | null): Ending {
    if (remote === null) return this.#carryAway(place, link);
    const outer = routeTo(place.namespace, remote);
    if (outer === null) return stopped(place.node, `${whose(place)} has no route to ${remote}`);
    this.#changes.push('encapsulated');
    this.#step({ place, link: outer.link }, true, true);
    const other = this.#wirings.nodeWith(remote);
    const arrival = other === null ? null : linkWith(other.namespace, remote);
    if (other === null || arrival === null) {
      return {
        kind: 'left',
        node: place.node,
        text: `leaves ${place.node} inside ${link.name}'s packets to ${remote}`,
      };
    }
    return this.#decapsulate({ place: other, link: arrival }, link);
  }

  /** To a node that nobody observes. */
  #carryAway(place: Place, tunnel: InterfaceTopology): Ending {
    const uplink = uplinkOf(place);
    this.#changes.push('encapsulated');
    if (uplink !== null) this.#step({ place, link: uplink }, true, true);
    return { kind: 'left', node: place.node, text: `leaves ${place.node} inside ${tunnel.name}'s packets` };
  }

  /** @param at where the tunnel's packets come in @param sender the tunnel's other end, where that is known */
  #decapsulate(at: PlacedInterface, sender: InterfaceTopology | null = null): Ending {
    this.#step(at, false, true);
    const tunnels = at.place.namespace.interfaces.filter(({ role }) => role === 'tunnel');
    const tunnel = tunnels.find((one) => sender !== null && isSameTunnel(one, sender)) ?? tunnels[0];
    if (tunnel === undefined) {
      return stopped(at.place.node, `${at.place.node} has no tunnel for what comes in there`);
    }
    this.#changes.push('decapsulated');
    this.#step({ place: at.place, link: tunnel }, false);
    return this.#arrive({ place: at.place, link: tunnel });
  }
}
