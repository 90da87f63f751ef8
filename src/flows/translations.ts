import type { Endpoint } from '../model/endpoint.ts';
import type { Translation } from '../model/flow.ts';
import { FLOW, FLOW_BITS, PROTOCOLS } from '../model/flowRecord.ts';
import type { FlowRecords } from '../model/flowRecords.ts';
import type { Translator } from '../model/path/flowPath.ts';
import type { TranslatedEnd } from '../model/translationList.ts';
import { translationList } from '../model/translationList.ts';

/** Texts of what a record has ids for. */
export interface RecordNames {
  address(id: number): string;
  /** Address of an endpoint. */
  endpoint(id: number): string;
}

/** Who made a server of what was asked for, as the evidence says by which the agent names it. */
export function translatorIn(server: Endpoint | null): Translator | null {
  if (server === null) return null;
  if (server.evidence.includes('cilium')) return 'cilium';
  return server.evidence.includes('conntrack') ? 'netfilter' : null;
}

export function isTranslated(records: FlowRecords, row: number): boolean {
  return records.uint32(row, FLOW.askedAddress) !== 0 || records.uint32(row, FLOW.translatedAddress) !== 0;
}

/** What NAT did to the flow of a record, as the public JSON has it. */
export function translationsOf(records: FlowRecords, row: number, names: RecordNames): Translation[] {
  const end = (address: string, portField: number): TranslatedEnd => ({
    address,
    port: records.uint16(row, portField),
  });
  const translated = (addressField: number, portField: number): TranslatedEnd | null => {
    const id = records.uint32(row, addressField);
    return id === 0 ? null : end(names.address(id), portField);
  };
  return translationList({
    protocol: PROTOCOLS[records.uint8(row, FLOW.protocol)] ?? 'other',
    client: end(names.endpoint(records.uint32(row, FLOW.client)), FLOW.clientPort),
    server: end(names.endpoint(records.uint32(row, FLOW.server)), FLOW.serverPort),
    asked: translated(FLOW.askedAddress, FLOW.askedPort),
    translated: translated(FLOW.translatedAddress, FLOW.translatedPort),
    masqueraded: (records.uint8(row, FLOW.bits) & FLOW_BITS.masqueraded) !== 0,
  });
}
