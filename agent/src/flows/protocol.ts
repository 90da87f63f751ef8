import { PROTOCOLS } from '../../../src/model/flowRecord.ts';
import type { Protocol } from '../../../src/model/flow.ts';
import { IP_PROTOCOL } from '../collector/flowLayout.ts';

const BY_NUMBER: ReadonlyMap<number, Protocol> = new Map([
  [IP_PROTOCOL.tcp, 'tcp'],
  [IP_PROTOCOL.udp, 'udp'],
  [IP_PROTOCOL.icmp, 'icmp'],
  [IP_PROTOCOL.icmpv6, 'icmpv6'],
  [IP_PROTOCOL.sctp, 'sctp'],
]);

/** Index into PROTOCOLS of an IP protocol number. */
export function protocolIndex(protocolNumber: number): number {
  return PROTOCOLS.indexOf(BY_NUMBER.get(protocolNumber) ?? 'other');
}
