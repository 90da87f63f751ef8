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

const OTHER = PROTOCOLS.indexOf('other');
/** By protocol number: asked for every new flow. */
const INDICES = Uint8Array.from({ length: 256 }, (_, number) =>
  PROTOCOLS.indexOf(BY_NUMBER.get(number) ?? 'other'),
);

/** Index into PROTOCOLS of an IP protocol number. */
export function protocolIndex(protocolNumber: number): number {
  return INDICES[protocolNumber] ?? OTHER;
}
