import type { Translation } from '../model/flow.ts';
import { FLOW, FLOW_BITS, PROTOCOLS } from '../model/flowRecord.ts';
import { formatSocketAddress } from '../model/socketAddress.ts';
import type { FlowRecords } from '../model/flowRecords.ts';

/** Texts of what a record has ids for. */
export interface RecordNames {
  address(id: number): string;
  /** Address of an endpoint. */
  endpoint(id: number): string;
}

/** What NAT did to the flow of a single record, as the public JSON has it. */
export function translationsOf(record: FlowRecords, names: RecordNames): Translation[] {
  const protocol = PROTOCOLS[record.uint8(0, FLOW.protocol)];
  const hasPorts = protocol !== 'icmp' && protocol !== 'icmpv6';
  const text = (address: string, portField: number): string => {
    return hasPorts ? formatSocketAddress(address, record.uint16(0, portField)) : address;
  };
  const asked = record.uint32(0, FLOW.askedAddress);
  const translated = record.uint32(0, FLOW.translatedAddress);
  const list: Translation[] = [];
  if (asked !== 0) {
    const to = text(names.endpoint(record.uint32(0, FLOW.server)), FLOW.serverPort);
    list.push({ kind: 'dnat', from: text(names.address(asked), FLOW.askedPort), to });
  }
  if (translated !== 0) {
    const isMasqueraded = (record.uint8(0, FLOW.bits) & FLOW_BITS.masqueraded) !== 0;
    const from = text(names.endpoint(record.uint32(0, FLOW.client)), FLOW.clientPort);
    const to = text(names.address(translated), FLOW.translatedPort);
    list.push({ kind: isMasqueraded ? 'masquerade' : 'snat', from, to });
  }
  return list;
}
