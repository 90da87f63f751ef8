import { FLOW_BITS, NOT_KNOWN, PROTOCOLS, SIGHTING, VERDICTS } from '../../../src/model/flowRecord.ts';
import { KEY } from '../collector/flowLayout.ts';
import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES, STATE } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import { pointRank } from './pointRegistry.ts';
import { verdictOf } from './verdict.ts';

/** What the sightings of one direction add up to. */
interface DirectionTotals {
  packets: number;
  bytes: number;
  tcpFlags: number;
  first: number;
  last: number;
}

/** Writes the fields of a row that follow from its sightings: client and server, totals, times, verdict. */
export function refreshRow(table: FlowTable, row: number, now: number): void {
  const { rows } = table;
  const base = row * ROW_BYTES;
  const start = flowStart(table, row);
  const low = direction(table, row, false, start);
  const high = direction(table, row, true, start);
  const opened = rows.getUint8(base + ROW.opened);
  const clientIsHigh = opened === 0 ? guessClientIsHigh(table, row, low, high) : opened === 2;
  // The rank of a point depends on who the client is, so totals are taken once that is known.
  const sent = nearest(table, row, clientIsHigh, true, start, clientIsHigh ? high : low);
  const received = nearest(table, row, !clientIsHigh, false, start, clientIsHigh ? low : high);

  rows.setUint8(base + ROW.clientIsHigh, clientIsHigh ? 1 : 0);
  copySides(table, row, clientIsHigh);
  rows.setUint16(base + ROW.clientTcpFlags, sent.tcpFlags, true);
  rows.setUint16(base + ROW.serverTcpFlags, received.tcpFlags, true);
  rows.setFloat64(base + ROW.start, start, true);
  rows.setFloat64(base + ROW.end, Math.max(sent.last, received.last), true);
  rows.setFloat64(base + ROW.sentPackets, sent.packets, true);
  rows.setFloat64(base + ROW.sentBytes, sent.bytes, true);
  rows.setFloat64(base + ROW.receivedPackets, received.packets, true);
  rows.setFloat64(base + ROW.receivedBytes, received.bytes, true);
  const verdict = verdictOf({
    protocol: PROTOCOLS[rows.getUint8(base + ROW.protocol)] ?? 'other',
    sentPackets: sent.packets,
    receivedPackets: received.packets,
    clientFlags: sent.tcpFlags,
    serverFlags: received.tcpFlags,
    opened: opened !== 0,
    age: now - start,
  });
  rows.setUint8(base + ROW.verdict, VERDICTS.indexOf(verdict));
  const final = rows.getUint8(base + ROW.state) === STATE.ended;
  rows.setUint8(base + ROW.bits, (opened === 0 ? 0 : FLOW_BITS.initiatorCertain) | (final ? FLOW_BITS.final : 0));
}

/** Fields that the record has for client and server and the row for low and high. */
function copySides(table: FlowTable, row: number, clientIsHigh: boolean): void {
  const { rows } = table;
  const base = row * ROW_BYTES;
  const uint32 = (from: number, to: number): void => rows.setUint32(base + to, rows.getUint32(base + from, true), true);
  const uint16 = (from: number, to: number): void => rows.setUint16(base + to, rows.getUint16(base + from, true), true);
  const float64 = (from: number, to: number): void =>
    rows.setFloat64(base + to, rows.getFloat64(base + from, true), true);
  uint32(clientIsHigh ? ROW.highEndpoint : ROW.lowEndpoint, ROW.client);
  uint32(clientIsHigh ? ROW.lowEndpoint : ROW.highEndpoint, ROW.server);
  uint32(clientIsHigh ? ROW.lowService : ROW.highService, ROW.service);
  uint16(ROW.key + (clientIsHigh ? KEY.highPort : KEY.lowPort), ROW.clientPort);
  uint16(ROW.key + (clientIsHigh ? KEY.lowPort : KEY.highPort), ROW.serverPort);
  float64(clientIsHigh ? ROW.highCgroup : ROW.lowCgroup, ROW.clientCgroup);
  float64(clientIsHigh ? ROW.lowCgroup : ROW.highCgroup, ROW.serverCgroup);
  rows.setUint8(base + ROW.dscp, rows.getUint8(base + (clientIsHigh ? ROW.highDscp : ROW.lowDscp)));
  const clientSrtt = rows.getUint32(base + (clientIsHigh ? ROW.highSrttUs : ROW.lowSrttUs), true);
  const serverSrtt = rows.getUint32(base + (clientIsHigh ? ROW.lowSrttUs : ROW.highSrttUs), true);
  rows.setUint32(base + ROW.rttUs, clientSrtt || serverSrtt || NOT_KNOWN, true);
  const retransmits = rows.getUint32(base + ROW.lowRetransmits, true) + rows.getUint32(base + ROW.highRetransmits, true);
  rows.setUint32(base + ROW.retransmits, retransmits, true);
}

function flowStart(table: FlowTable, row: number): number {
  const { view } = table.sightings;
  let start = Infinity;
  for (let index = table.firstSighting(row); index !== NONE; index = table.sightings.next(index)) {
    start = Math.min(start, view.getFloat64(index * KEPT_BYTES + SIGHTING.first, true));
  }
  return start === Infinity ? table.rows.getFloat64(row * ROW_BYTES + ROW.start, true) : start;
}

/** Times and flags of a direction over all its points. */
function direction(table: FlowTable, row: number, fromHigh: boolean, start: number): DirectionTotals {
  const { view } = table.sightings;
  const totals = { packets: 0, bytes: 0, tcpFlags: 0, first: Infinity, last: start };
  for (let index = table.firstSighting(row); index !== NONE; index = table.sightings.next(index)) {
    const base = index * KEPT_BYTES;
    if ((view.getUint32(base + KEPT.code, true) & 1) !== (fromHigh ? 1 : 0)) continue;
    totals.tcpFlags |= view.getUint32(base + SIGHTING.tcpFlags, true);
    totals.first = Math.min(totals.first, view.getFloat64(base + SIGHTING.first, true));
    totals.last = Math.max(totals.last, view.getFloat64(base + SIGHTING.last, true));
  }
  return totals;
}

/**
 * Packets and bytes of a direction at the one point that counts: the nearest of those that were attached before the
 * flow began. A point that came later has not seen all of it; where only such points are, the fullest one counts.
 */
function nearest(
  table: FlowTable,
  row: number,
  fromHigh: boolean,
  fromClient: boolean,
  start: number,
  totals: DirectionTotals,
): DirectionTotals {
  const { view } = table.sightings;
  let bestRank = Infinity;
  for (let index = table.firstSighting(row); index !== NONE; index = table.sightings.next(index)) {
    const base = index * KEPT_BYTES;
    const code = view.getUint32(base + KEPT.code, true);
    if ((code & 1) !== (fromHigh ? 1 : 0)) continue;
    const point = table.points.get(code >>> 1);
    const whole = point !== undefined && point.attachedAt <= start + COARSE_CLOCK;
    const rank = whole ? pointRank(point.name, fromClient) : LATE;
    const packets = view.getFloat64(base + SIGHTING.packets, true);
    if (rank > bestRank || (rank === bestRank && packets <= totals.packets)) continue;
    bestRank = rank;
    totals.packets = packets;
    totals.bytes = view.getFloat64(base + SIGHTING.bytes, true);
  }
  return totals;
}

/** Packet times come from the kernel's coarse clock, which is up to one jiffy (10 ms at HZ=100) behind. */
const COARSE_CLOCK = 10;
/** Rank behind all points that saw the whole flow. */
const LATE = 100;

/** Without a seen opening: a Service's side serves, else the lower port, else who spoke first asked. */
function guessClientIsHigh(
  { rows }: FlowTable,
  row: number,
  low: DirectionTotals,
  high: DirectionTotals,
): boolean {
  const base = row * ROW_BYTES;
  const lowService = rows.getUint32(base + ROW.lowService, true) !== 0;
  const highService = rows.getUint32(base + ROW.highService, true) !== 0;
  if (lowService !== highService) return lowService;
  const lowPort = rows.getUint16(base + ROW.key + KEY.lowPort, true);
  const highPort = rows.getUint16(base + ROW.key + KEY.highPort, true);
  if (lowPort !== highPort) return lowPort < highPort;
  return high.first < low.first;
}
