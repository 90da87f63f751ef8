import { FLOW, NOT_KNOWN, PROTOCOLS, VERDICTS } from '../model/flowRecord.ts';
import type { FlowColumn } from '../model/panelMessages.ts';
import type { EndpointTable } from './endpointTable.ts';
import type { FlowPicture } from './flowPicture.ts';

/** A flow's place in a column as a number; null where the cell is empty. */
export type SortKey = (slot: number) => number | null;

/** How a column orders flows. Texts are ordered by code unit; "last seen" by whole seconds, as it is shown. */
export function sortKeyOf(column: FlowColumn, picture: FlowPicture, endpoints: EndpointTable): SortKey {
  const { records, rates } = picture;
  switch (column) {
    case 'client':
      return endpointRank(picture, endpoints, FLOW.client);
    case 'server':
      return endpointRank(picture, endpoints, FLOW.server);
    case 'service':
      return endpointRank(picture, endpoints, FLOW.service);
    case 'via':
      return (slot) => translationRank(picture, slot);
    case 'protocol':
      return (slot) => PROTOCOL_RANKS[records.uint8(slot, FLOW.protocol)] ?? null;
    case 'port':
      return (slot) => records.uint16(slot, FLOW.serverPort);
    case 'verdict':
      return (slot) => VERDICT_RANKS[records.uint8(slot, FLOW.verdict)] ?? null;
    case 'sent':
      return (slot) => records.float64(slot, FLOW.sentBytes);
    case 'received':
      return (slot) => records.float64(slot, FLOW.receivedBytes);
    case 'rate':
      return (slot) => rates[slot] ?? 0;
    case 'rtt':
      return (slot) => {
        const rtt = records.uint32(slot, FLOW.rttUs);
        return rtt === NOT_KNOWN ? null : rtt;
      };
    case 'duration':
      return (slot) => records.float64(slot, FLOW.end) - records.float64(slot, FLOW.start);
    case 'last':
      return (slot) => Math.floor(records.float64(slot, FLOW.end) / 1000);
    case 'points':
      return (slot) => records.uint32(slot, FLOW.sightings);
  }
}

/** By the port that was asked for before DNAT, then what was only given another source. */
function translationRank({ records }: FlowPicture, slot: number): number | null {
  if (records.uint32(slot, FLOW.askedAddress) !== 0) return records.uint16(slot, FLOW.askedPort);
  return records.uint32(slot, FLOW.translatedAddress) === 0 ? null : BEHIND_ALL_PORTS;
}

const BEHIND_ALL_PORTS = 65_536;

function endpointRank({ records }: FlowPicture, endpoints: EndpointTable, field: number): SortKey {
  const ranks = endpoints.ranks();
  return (slot) => {
    const id = records.uint32(slot, field);
    return id === 0 ? null : (ranks[id] ?? null);
  };
}

const ranksOf = (words: readonly string[]): readonly number[] => {
  const ordered = [...words].sort();
  return words.map((word) => ordered.indexOf(word));
};
const PROTOCOL_RANKS = ranksOf(PROTOCOLS);
const VERDICT_RANKS = ranksOf(VERDICTS);
