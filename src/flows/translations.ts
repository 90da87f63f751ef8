import type { Translation } from '../model/flow.ts';
import { FLOW, FLOW_BITS, PROTOCOLS } from '../model/flowRecord.ts';
import type { FlowRecords } from '../model/flowRecords.ts';
import type { TranslatedEnd } from '../model/translationList.ts';
import { translationList } from '../model/translationList.ts';

/** Texts of what a record has ids for. */
export interface RecordNames {
  address(id: number): string;
  /** Address of an endpoint. */
  endpoint(id: number): string;
}

/** What NAT did to the flow of a single record, as the public JSON has it. */
export function translationsOf(record: FlowRecords, names: RecordNames): Translation[] {
  const end = (address: string, portField: number): TranslatedEnd => ({
    address,
    port: record.uint16(0, portField),
  });
  const translated = (addressField: number, portField: number): TranslatedEnd | null => {
    const id = record.uint32(0, addressField);
    return id === 0 ? null : end(names.address(id), portField);
  };
  return translationList({
    protocol: PROTOCOLS[record.uint8(0, FLOW.protocol)] ?? 'other',
    client: end(names.endpoint(record.uint32(0, FLOW.client)), FLOW.clientPort),
    server: end(names.endpoint(record.uint32(0, FLOW.server)), FLOW.serverPort),
    asked: translated(FLOW.askedAddress, FLOW.askedPort),
    translated: translated(FLOW.translatedAddress, FLOW.translatedPort),
    masqueraded: (record.uint8(0, FLOW.bits) & FLOW_BITS.masqueraded) !== 0,
  });
}
