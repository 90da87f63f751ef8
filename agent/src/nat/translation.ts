import { IP_PROTOCOL, KEY, KEY_BYTES } from '../collector/flowLayout.ts';
import { CONNTRACK, TUPLE } from './conntrackLayout.ts';

/** The tuples that one translated connection is seen as, by what NAT has done to them. */
export const TUPLE_ROLE = {
  /** As the client asked: before any translation. */
  asked: 0,
  /** From the client to the backend that answered: after DNAT and before SNAT. What a flow is told as. */
  plain: 1,
  /** After all translation. */
  translated: 2,
} as const;
export const ROLES = 3;

/** IP protocols whose kernel key and connection tracking speak of the same ports or ids. */
const WITH_PORTS = new Set<number>([IP_PROTOCOL.tcp, IP_PROTOCOL.udp, IP_PROTOCOL.sctp, 33, 136]);
const ECHO_REQUEST: ReadonlyMap<number, number> = new Map([
  [IP_PROTOCOL.icmp, 8],
  [IP_PROTOCOL.icmpv6, 128],
]);

/** Whether flow keys can be made of a conntrack record: not of ICMP queries other than echo, of GRE or of ESP. */
export function canBeJoined(view: DataView, record: number): boolean {
  const protocol = view.getUint8(record + CONNTRACK.protocol);
  const echo = ECHO_REQUEST.get(protocol);
  return echo === undefined ? WITH_PORTS.has(protocol) : view.getUint8(record + CONNTRACK.icmpType) === echo;
}

/** Flow keys (bpf/flow.h `struct flow_key`) of a translated connection, one a role, made without allocating. */
export class TranslationKeys {
  readonly view = new DataView(new ArrayBuffer(ROLES * KEY_BYTES));
  /** By role: 1 where the client is the high side of the key. */
  readonly clientIsHigh = new Uint8Array(ROLES);
  /** Whether the source port changed and its address did not: the kernel found the plain tuple taken by another connection. */
  plainIsTaken = false;

  /** @param record offset of a conntrack record @param netns index of the namespace, as in flow keys */
  make(view: DataView, record: number, netns: number): void {
    const original = record + CONNTRACK.original;
    const reply = record + CONNTRACK.reply;
    const [source, sourcePort] = [original + TUPLE.source, original + TUPLE.sourcePort];
    // The reply tuple comes from the backend and goes to the source after translation.
    const [backend, backendPort] = [reply + TUPLE.source, reply + TUPLE.sourcePort];
    const echo = ECHO_REQUEST.has(view.getUint8(record + CONNTRACK.protocol));
    // SNAT may give an echo another id; DNAT never does, so before SNAT the id is still the client's.
    const plainPort = echo ? sourcePort : backendPort;
    this.#write(TUPLE_ROLE.asked, view, record, netns, {
      source,
      sourcePort,
      destination: original + TUPLE.destination,
      destinationPort: original + TUPLE.destinationPort,
    });
    this.#write(TUPLE_ROLE.plain, view, record, netns, {
      source,
      sourcePort,
      destination: backend,
      destinationPort: plainPort,
    });
    const translated = reply + TUPLE.destination;
    const translatedPort = reply + TUPLE.destinationPort;
    this.#write(TUPLE_ROLE.translated, view, record, netns, {
      source: translated,
      sourcePort: translatedPort,
      destination: backend,
      destinationPort: backendPort,
    });
    this.plainIsTaken =
      compareAddresses(view, source, translated) === 0 &&
      view.getUint16(sourcePort, true) !== view.getUint16(translatedPort, true);
  }

  /** Whether two roles have the same tuple. */
  same(role: number, other: number): boolean {
    for (let byte = 0; byte < KEY_BYTES; byte += 4) {
      const value = this.view.getUint32(role * KEY_BYTES + byte, true);
      if (value !== this.view.getUint32(other * KEY_BYTES + byte, true)) return false;
    }
    return true;
  }

  #write(role: number, view: DataView, record: number, netns: number, ends: Ends): void {
    const key = this.view;
    const base = role * KEY_BYTES;
    const high = sourceIsHigh(view, ends);
    this.clientIsHigh[role] = high ? 1 : 0;
    copyAddress(view, ends.source, key, base + (high ? KEY.highAddress : KEY.lowAddress));
    copyAddress(view, ends.destination, key, base + (high ? KEY.lowAddress : KEY.highAddress));
    key.setUint32(base + KEY.netns, netns, true);
    key.setUint16(base + (high ? KEY.highPort : KEY.lowPort), view.getUint16(ends.sourcePort, true), true);
    const destinationPort = view.getUint16(ends.destinationPort, true);
    key.setUint16(base + (high ? KEY.lowPort : KEY.highPort), destinationPort, true);
    const protocol = view.getUint8(record + CONNTRACK.protocol);
    key.setUint8(base + KEY.protocol, protocol);
    key.setUint8(base + KEY.family, view.getUint8(record + CONNTRACK.family));
    key.setUint16(base + KEY.detail, (ECHO_REQUEST.get(protocol) ?? 0) << 8, true);
  }
}

/** Offsets of the parts of a tuple. */
interface Ends {
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
}

/** The order of bpf/key_order.h: addresses as big numbers, then ports. */
function sourceIsHigh(view: DataView, ends: Ends): boolean {
  const order = compareAddresses(view, ends.source, ends.destination);
  if (order !== 0) return order > 0;
  return view.getUint16(ends.sourcePort, true) > view.getUint16(ends.destinationPort, true);
}

function compareAddresses(view: DataView, one: number, other: number): number {
  for (let byte = 0; byte < 16; byte += 4) {
    const difference = view.getUint32(one + byte) - view.getUint32(other + byte);
    if (difference !== 0) return difference;
  }
  return 0;
}

function copyAddress(from: DataView, offset: number, to: DataView, target: number): void {
  for (let byte = 0; byte < 16; byte += 4) {
    to.setUint32(target + byte, from.getUint32(offset + byte, true), true);
  }
}
