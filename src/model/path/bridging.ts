import type { PlacedInterface, Wirings } from './wirings.ts';
import { linkWith } from './wirings.ts';

/** Whether a bridge shows switched frames to netfilter: all do (net.bridge.bridge-nf-call-*tables), or this one. */
export function callsNetfilter({ place, link }: PlacedInterface, address: string): boolean {
  const own = address.includes(':') ? link.bridge?.callsIp6tables : link.bridge?.callsIptables;
  return own === true || place.topology.sysctls[bridgeSysctl(address)] === '1';
}

export function bridgeSysctl(address: string): string {
  return `net/bridge/bridge-nf-call-${address.includes(':') ? 'ip6' : 'ip'}tables`;
}

/** Why a bridge does not pass a frame from port to port (net/bridge/br_forward.c, should_deliver); null where it does. */
export function portRefusal(from: PlacedInterface, to: PlacedInterface): string | null {
  const [source, target] = [from.link, to.link];
  if (source.port === undefined || target.port === undefined) return null;
  if (source.ifindex === target.ifindex && !source.port.hairpin) {
    return `${source.name} gives no frame back where it came from: its hairpin flag is off`;
  }
  if (source.port.isolated && target.port.isolated) {
    return `${source.name} and ${target.name} are isolated ports: nothing goes from one to the other`;
  }
  const blocked = [source, target].find(({ port }) => port?.state !== 'forwarding');
  return blocked === undefined
    ? null
    : `port ${blocked.name} does not forward: it is ${blocked.port?.state ?? 'none'}`;
}

/** The port behind which the address is: by the wire's other end, else by its MAC in the forwarding table. */
export function portTowards(
  wirings: Wirings,
  { place, link }: PlacedInterface,
  nextHop: string,
): PlacedInterface | null {
  const { interfaces, neighbours, fdb } = place.namespace;
  const ports = interfaces.filter(({ master }) => master === link.ifindex);
  const wired = ports.find((port) => {
    const peer = wirings.peer({ place, link: port });
    return peer !== null && linkWith(peer.place.namespace, nextHop) !== null;
  });
  if (wired !== undefined) return { place, link: wired };
  const mac = neighbours.find(({ address, ifindex }) => address === nextHop && ifindex === link.ifindex)?.mac;
  const entry = fdb.find(
    (known) => known.mac === mac && ports.some(({ ifindex }) => ifindex === known.ifindex),
  );
  const learned = ports.find(({ ifindex }) => ifindex === entry?.ifindex);
  return learned === undefined ? null : { place, link: learned };
}

export function unknownPort({ link }: PlacedInterface, nextHop: string): string {
  return `no port of ${link.name} is known to lead to ${nextHop}`;
}
