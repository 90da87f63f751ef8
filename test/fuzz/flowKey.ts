/** A packet's flow key with the source first, however it was read. */
/** A later fragment whose first one was not seen; as in bpf/flow.h. */
export const DETAIL_FRAGMENT = 0xffff;

export interface FlowKey {
  readonly family: number;
  readonly protocol: number;
  readonly detail: number;
  /** 16 bytes in hexadecimal; IPv4 as ::ffff:a.b.c.d. */
  readonly source: string;
  readonly destination: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** The last two groups of an IPv6 address, where it is written with an IPv4 address there. */
function groupsOfIpv4(text: string): string {
  const [a = 0, b = 0, c = 0, d = 0] = text.split('.').map(Number);
  return [(a << 8) | b, (c << 8) | d].map((group) => group.toString(16)).join(':');
}

/**
 * An address as the key holds it, from the text of tshark. Not by ipaddr.js: that takes ::1.2.3.4, which is how
 * tshark writes ::102:304, for ::ffff:1.2.3.4.
 */
export function keyAddress(text: string): string {
  if (!text.includes(':')) return keyAddress(`::ffff:${text}`);
  const [head = '', tail] = text.replace(/[^:]+\.[^:]+$/, groupsOfIpv4).split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - first.length - last.length }, () => '0');
  return [...first, ...zeros, ...last].map((group) => group.padStart(4, '0')).join('');
}

export function sameEnds(a: FlowKey, b: FlowKey): boolean {
  return a.family === b.family && a.source === b.source && a.destination === b.destination;
}

export function sameKey(a: FlowKey, b: FlowKey): boolean {
  return (
    sameEnds(a, b) &&
    a.protocol === b.protocol &&
    a.detail === b.detail &&
    a.sourcePort === b.sourcePort &&
    a.destinationPort === b.destinationPort
  );
}

export function keyText(key: FlowKey): string {
  const detail = key.detail === 0 ? '' : ` detail ${key.detail.toString(16)}`;
  return `v${key.family} ${key.source}:${key.sourcePort} > ${key.destination}:${key.destinationPort} protocol ${key.protocol}${detail}`;
}
