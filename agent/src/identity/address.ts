import ipaddr from 'ipaddr.js';

/** RFC 5952 text of 16 bytes in network order; an IPv4-mapped address as dotted quad. */
export function addressText(view: DataView, offset: number): string {
  if (isMapped(view, offset)) {
    return `${view.getUint8(offset + 12)}.${view.getUint8(offset + 13)}.${view.getUint8(offset + 14)}.${view.getUint8(offset + 15)}`;
  }
  const groups: number[] = [];
  for (let group = 0; group < 16; group += 2) groups.push(view.getUint16(offset + group));
  return new ipaddr.IPv6(groups).toRFC5952String();
}

/** Whether 16 bytes are an IPv4 address. */
export function isMapped(view: DataView, offset: number): boolean {
  return (
    view.getUint32(offset) === 0 && view.getUint32(offset + 4) === 0 && view.getUint32(offset + 8) === 0xffff
  );
}

/** The one spelling that addresses are compared in; what is no address is returned as it is. */
export function canonicalAddress(address: string): string {
  if (!ipaddr.isValid(address)) return address;
  const parsed = ipaddr.process(address);
  const text = parsed instanceof ipaddr.IPv6 ? parsed.toRFC5952String() : parsed.toString();
  // Not a second string of the same.
  return text === address ? address : text;
}

/** Multicast and broadcast addresses: of everybody who listens, so that what goes there is nobody's own. */
export function isGroupAddress(address: string): boolean {
  return ['multicast', 'broadcast'].includes(ipaddr.process(address).range());
}

/** 127.0.0.0/8 and ::1: of the namespace itself, whether an interface lists them or not. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^127\.\d+\.\d+\.\d+$/.test(address);
}

/** The address that reaches all hosts of an interface's IPv4 range, null where there is none. @param range with prefix length */
export function directedBroadcast(range: string): string | null {
  const prefix = Number(range.slice(range.lastIndexOf('/') + 1));
  if (range.includes(':') || prefix > 30) return null;
  return ipaddr.IPv4.broadcastAddressFromCIDR(range).toString();
}
