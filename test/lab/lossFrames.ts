/** Raw frames that force one loss each. Their addresses are nobody's. */
import { encode } from 'dns-packet';
import type { Packet } from 'dns-packet';
import { ethernet, extension, ipv4, ipv6, tcp, udp } from '../../agent/native/test/frames.ts';
import type { UnparsedCause } from '../../src/model/ledger.ts';

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const ARP = 0x0806;
const LLDP = 0x88cc;
const UDP_HEADER = 8;
const UDP = 17;
const TCP = 6;
const RST = 4;
const VXLAN_PORT = 4789;
const DNS_PORT = 53;
const FIRST_PORT = 10_000;

/** One of each cause that a packet is not parsed for. */
export const UNREADABLE: Readonly<Record<UnparsedCause, Buffer>> = {
  arp: ethernet(ARP, Buffer.alloc(28, 1)),
  'not-ip': ethernet(LLDP, Buffer.alloc(46)),
  truncated: ethernet(IPV4, Buffer.alloc(10, 0x45)),
  'vlan-depth': ethernet(IPV4, ipv4(udp(1, 2, 20), { protocol: UDP }), [0x88a8, 0x8100, 0x8100]),
  'extension-header': ethernet(IPV6, ipv6(60, Buffer.concat(Array.from({ length: 9 }, () => extension(60))))),
  'bad-header': ethernet(IPV4, ipv4(tcp(1, 2, 2, 3), { protocol: TCP })),
};

export function repeated(frame: Buffer, times: number): Buffer[] {
  return Array.from({ length: times }, () => frame);
}

/** A flow of one packet each. */
export function flows(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) => datagram(FIRST_PORT + index, 9, Buffer.alloc(20)));
}

/** Connections that are reset: flows that end soonest. */
export function resets(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    ethernet(IPV4, ipv4(tcp(FIRST_PORT + index, 9, RST), { protocol: TCP })),
  );
}

export function datagram(source: number, destination: number, payload: Buffer): Buffer {
  const header = udp(source, destination, payload.length).subarray(0, UDP_HEADER);
  return ethernet(IPV4, ipv4(Buffer.concat([header, payload]), { protocol: UDP }));
}

/** The later part of a datagram whose first part nobody saw. */
export function laterFragment(): Buffer {
  return ethernet(IPV4, ipv4(Buffer.alloc(64), { protocol: UDP, fragment: 100 }));
}

/** A VXLAN packet with something in it that has no flow. */
export function tunnelledArp(): Buffer {
  const vxlan = Buffer.from('0800000000000700', 'hex');
  return datagram(FIRST_PORT, VXLAN_PORT, Buffer.concat([vxlan, UNREADABLE.arp]));
}

/** Questions from as many ports, from the `first` on. `bytes`: zeros behind each, which belong to no record. */
export function questions(count: number, { bytes = 0, first = 0 } = {}): Buffer[] {
  return Array.from({ length: count }, (_, index) => {
    const message = dns({ type: 'query', id: index });
    return datagram(FIRST_PORT + first + index, DNS_PORT, Buffer.concat([message, Buffer.alloc(bytes)]));
  });
}

/** Answers that nobody asked for. */
export function answers(count: number): Buffer[] {
  return Array.from({ length: count }, (_, index) =>
    datagram(DNS_PORT, FIRST_PORT + index, dns({ type: 'response', id: index })),
  );
}

/** To a name server, and no DNS. */
export function notDns(count: number): Buffer[] {
  return repeated(datagram(FIRST_PORT, DNS_PORT, Buffer.alloc(20, 0xff)), count);
}

function dns(message: Packet): Buffer {
  return encode({ ...message, questions: [{ type: 'A', name: 'loss.test' }] });
}
