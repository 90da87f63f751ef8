import { INITIATOR_EVIDENCE, initiatorOf } from '../../../src/model/flow.ts';
import {
  FLOW,
  FLOW_BITS,
  INITIATOR_SHIFT,
  NOT_KNOWN,
  SIGHTING,
  SIGHTING_RECORD_BYTES,
} from '../../../src/model/flowRecord.ts';
import { KEY } from '../collector/flowLayout.ts';
import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES } from './flowRow.ts';
import { protocolOf, retransmitsOf, rttOf, summarize } from './flowSummary.ts';
import type { FlowTable } from './flowTable.ts';
import { translationsOf } from './translations.ts';

/** Ids of the names that a packed row uses, and which of its sides is the client. */
export interface PackedNames {
  /** Endpoint ids; the last is 0 where no Service was asked for. */
  readonly endpoints: readonly [client: number, server: number, service: number];
  readonly clientIsHigh: boolean;
}

/** Writes a row as a record of src/model/flowRecord.ts. */
export function packFlow(table: FlowTable, row: number, view: DataView, offset: number): PackedNames {
  const { rows } = table;
  const base = row * ROW_BYTES;
  const { clientIsHigh, initiatorEvidence, start, end, sent, received, sightings } = summarize(table, row);
  const side = (low: number, high: number, client: boolean): number => (client === clientIsHigh ? high : low);
  const uint32 = (field: number): number => rows.getUint32(base + field, true);
  const client = uint32(side(ROW.lowEndpoint, ROW.highEndpoint, true));
  const server = uint32(side(ROW.lowEndpoint, ROW.highEndpoint, false));
  const service = uint32(side(ROW.lowService, ROW.highService, false));
  const port = (isClient: boolean): number =>
    rows.getUint16(base + ROW.key + side(KEY.lowPort, KEY.highPort, isClient), true);
  const isTcp = protocolOf(table, row) === 'tcp';

  view.setUint32(offset + FLOW.id, uint32(ROW.id), true);
  view.setUint32(offset + FLOW.client, client, true);
  view.setUint32(offset + FLOW.server, server, true);
  view.setUint32(offset + FLOW.service, service, true);
  view.setUint16(offset + FLOW.clientPort, port(true), true);
  view.setUint16(offset + FLOW.serverPort, port(false), true);
  view.setUint8(offset + FLOW.protocol, table.uint8(row, ROW.protocol));
  view.setUint8(offset + FLOW.verdict, table.uint8(row, ROW.verdict));
  const translations = translationsOf(table, row);
  const bits =
    (initiatorOf(initiatorEvidence) === 'certain' ? FLOW_BITS.initiatorCertain : 0) |
    (INITIATOR_EVIDENCE.indexOf(initiatorEvidence) << INITIATOR_SHIFT) |
    (table.isEnded(row) ? FLOW_BITS.final : 0) |
    (translations === null ? 0 : FLOW_BITS.joined) |
    (translations?.masqueraded === true ? FLOW_BITS.masqueraded : 0);
  view.setUint8(offset + FLOW.bits, bits);
  view.setUint32(offset + FLOW.askedAddress, translations?.asked?.address ?? 0, true);
  view.setUint16(offset + FLOW.askedPort, translations?.asked?.port ?? 0, true);
  view.setUint32(offset + FLOW.translatedAddress, translations?.translated?.address ?? 0, true);
  view.setUint16(offset + FLOW.translatedPort, translations?.translated?.port ?? 0, true);
  view.setUint8(offset + FLOW.dscp, table.uint8(row, side(ROW.lowDscp, ROW.highDscp, true)));
  view.setUint16(offset + FLOW.clientTcpFlags, sent.tcpFlags, true);
  view.setUint16(offset + FLOW.serverTcpFlags, received.tcpFlags, true);
  view.setUint32(offset + FLOW.handshakeUs, uint32(ROW.handshakeUs), true);
  view.setUint32(offset + FLOW.rttUs, isTcp ? rttOf(table, row, clientIsHigh) : NOT_KNOWN, true);
  view.setUint32(offset + FLOW.retransmits, isTcp ? retransmitsOf(table, row) : 0, true);
  view.setFloat64(offset + FLOW.start, table.epoch + start, true);
  view.setFloat64(offset + FLOW.end, table.epoch + end, true);
  view.setFloat64(offset + FLOW.sentPackets, sent.packets, true);
  view.setFloat64(offset + FLOW.sentBytes, sent.bytes, true);
  view.setFloat64(offset + FLOW.receivedPackets, received.packets, true);
  view.setFloat64(offset + FLOW.receivedBytes, received.bytes, true);
  const cgroup = (isClient: boolean): number =>
    rows.getFloat64(base + side(ROW.lowCgroup, ROW.highCgroup, isClient), true);
  view.setFloat64(offset + FLOW.clientCgroup, cgroup(true), true);
  view.setFloat64(offset + FLOW.serverCgroup, cgroup(false), true);
  view.setFloat64(offset + FLOW.droppedPackets, uint32(ROW.dropped), true);
  view.setUint32(offset + FLOW.sightings, sightings, true);
  const carrier = (isClient: boolean): number => uint32(side(ROW.lowCarrier, ROW.highCarrier, isClient));
  view.setUint32(offset + FLOW.sentTunnel, carrier(true), true);
  view.setUint32(offset + FLOW.receivedTunnel, carrier(false), true);
  return { endpoints: [client, server, service], clientIsHigh };
}

export function countSightings(table: FlowTable, row: number): number {
  let count = 0;
  for (let index = table.firstSighting(row); index !== NONE; index = table.sightings.next(index)) count += 1;
  return count;
}

/** Writes all sightings of a row. @param named is told each point's id @returns the offset behind them */
export function packSightings(
  table: FlowTable,
  row: number,
  view: DataView,
  offset: number,
  named: (pointId: number) => void,
): number {
  const kept = table.sightings.view;
  let at = offset;
  for (let index = table.firstSighting(row); index !== NONE; index = table.sightings.next(index)) {
    const base = index * KEPT_BYTES;
    const code = kept.getUint32(base + KEPT.code, true);
    const key = kept.getUint32(base + KEPT.key, true);
    const fromHigh = ((code & 1) === 1) !== table.isTurned(key);
    const port = (high: boolean): number =>
      table.rows.getUint16(key * ROW_BYTES + ROW.key + (high ? KEY.highPort : KEY.lowPort), true);
    view.setUint32(at + SIGHTING.flow, table.idOf(row), true);
    view.setUint32(at + SIGHTING.point, code >>> 1, true);
    view.setUint32(
      at + SIGHTING.source,
      table.uint32(key, fromHigh ? ROW.highAddress : ROW.lowAddress),
      true,
    );
    view.setUint32(
      at + SIGHTING.destination,
      table.uint32(key, fromHigh ? ROW.lowAddress : ROW.highAddress),
      true,
    );
    view.setUint16(at + SIGHTING.sourcePort, port(fromHigh), true);
    view.setUint16(at + SIGHTING.destinationPort, port(!fromHigh), true);
    view.setUint32(at + SIGHTING.tcpFlags, kept.getUint32(base + KEPT.tcpFlags, true), true);
    view.setFloat64(at + SIGHTING.packets, kept.getFloat64(base + KEPT.packets, true), true);
    view.setFloat64(at + SIGHTING.bytes, kept.getFloat64(base + KEPT.bytes, true), true);
    view.setFloat64(at + SIGHTING.first, table.epoch + kept.getUint32(base + KEPT.first, true), true);
    view.setFloat64(at + SIGHTING.last, table.epoch + kept.getUint32(base + KEPT.last, true), true);
    named(code >>> 1);
    at += SIGHTING_RECORD_BYTES;
  }
  return at;
}
