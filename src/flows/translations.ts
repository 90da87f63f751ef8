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

export function isTranslated(records: FlowRecords, row: number): boolean {
  return records.uint32(row, FLOW.askedAddress) !== 0 || records.uint32(row, FLOW.translatedAddress) !== 0;
}

/** What NAT did to the flow of a record, as the public JSON has it. */
export function translationsOf(records: FlowRecords, row: number, names: RecordNames): Translation[] {
  const protocol = PROTOCOLS[records.uint8(row, FLOW.protocol)];
  const hasPorts = protocol !== 'icmp' && protocol !== 'icmpv6';
  const text = (address: string, portField: number): string => {
    return hasPorts ? formatSocketAddress(address, records.uint16(row, portField)) : address;
  };
  const asked = records.uint32(row, FLOW.askedAddress);
  const translated = records.uint32(row, FLOW.translatedAddress);
  const list: Translation[] = [];
  if (asked !== 0) {
    const to = text(names.endpoint(records.uint32(row, FLOW.server)), FLOW.serverPort);
    list.push({ kind: 'dnat', from: text(names.address(asked), FLOW.askedPort), to });
  }
  if (translated !== 0) {
    const isMasqueraded = (records.uint8(row, FLOW.bits) & FLOW_BITS.masqueraded) !== 0;
    const from = text(names.endpoint(records.uint32(row, FLOW.client)), FLOW.clientPort);
    const to = text(names.address(translated), FLOW.translatedPort);
    list.push({ kind: isMasqueraded ? 'masquerade' : 'snat', from, to });
  }
  return list;
}
