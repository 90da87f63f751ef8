import type { InitiatorEvidence, Protocol } from '../../../src/model/flow.ts';
import { NOT_KNOWN, PROTOCOLS, VERDICTS } from '../../../src/model/flowRecord.ts';
import { COARSE_DELAY } from '../collector/clock.ts';
import { KEY } from '../collector/flowLayout.ts';
import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES, SIDE_NUMBER } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import { verdictOf } from './verdict.ts';

/** One direction of a flow. */
export interface DirectionSummary {
  packets: number;
  bytes: number;
  /** OR over all points. */
  tcpFlags: number;
  /** Kept times, over all points. */
  first: number;
  last: number;
}

/** What follows from a row's sightings. */
export interface FlowSummary {
  readonly clientIsHigh: boolean;
  readonly initiatorEvidence: InitiatorEvidence;
  /** Kept times. */
  readonly start: number;
  readonly end: number;
  readonly sent: DirectionSummary;
  readonly received: DirectionSummary;
  readonly sightings: number;
}

/** Adds a row's sightings up: who is client, totals, times. */
export function summarize(table: FlowTable, row: number): FlowSummary {
  const { view } = table.sightings;
  const low = emptyDirection();
  const high = emptyDirection();
  let sightings = 0;
  for (let index = table.firstSighting(row); index !== NONE; index = table.sightings.next(index)) {
    const base = index * KEPT_BYTES;
    const direction = (view.getUint32(base + KEPT.code, true) & 1) === 1 ? high : low;
    direction.tcpFlags |= view.getUint32(base + KEPT.tcpFlags, true);
    direction.first = Math.min(direction.first, view.getUint32(base + KEPT.first, true));
    direction.last = Math.max(direction.last, view.getUint32(base + KEPT.last, true));
    sightings += 1;
  }
  if (table.uint32(row, ROW.dropped) !== 0) addDropTimes(table, row, low, high);
  const { clientIsHigh, initiatorEvidence } = knownClient(table, row) ?? guessClient(table, row, low, high);
  const sent = clientIsHigh ? high : low;
  const received = clientIsHigh ? low : high;
  const start = Math.min(sent.first, received.first);
  // The rank of a point depends on who the client is, so totals are taken once that is known.
  takeTotals(table, row, clientIsHigh, true, start, sent);
  takeTotals(table, row, !clientIsHigh, false, start, received);
  const end = Math.max(sent.last, received.last);
  return { clientIsHigh, initiatorEvidence, start, end, sent, received, sightings };
}

/** Writes a row's fields that other parts ask for without adding up: times, client and verdict. */
export function refreshRow(table: FlowTable, row: number, now: number): void {
  const { rows } = table;
  const base = row * ROW_BYTES;
  const { clientIsHigh, start, end, sent, received } = summarize(table, row);
  rows.setUint8(base + ROW.clientIsHigh, clientIsHigh ? 1 : 0);
  rows.setUint32(base + ROW.start, start, true);
  rows.setUint32(base + ROW.end, end, true);
  const verdict = verdictOf({
    protocol: protocolOf(table, row),
    sentPackets: sent.packets,
    receivedPackets: received.packets,
    clientFlags: sent.tcpFlags,
    serverFlags: received.tcpFlags,
    opened: table.uint8(row, ROW.opened) !== 0,
    unreachable: table.uint8(row, ROW.unreachable) !== 0,
    dropped: table.uint32(row, ROW.dropped),
    age: table.keepTime(now) - start,
  });
  rows.setUint8(base + ROW.verdict, VERDICTS.indexOf(verdict));
}

export function protocolOf(table: FlowTable, row: number): Protocol {
  return PROTOCOLS[table.uint8(row, ROW.protocol)] ?? 'other';
}

/** Smoothed by the client's socket, else by the server's, microseconds; NOT_KNOWN without either. */
export function rttOf(table: FlowTable, row: number, clientIsHigh: boolean): number {
  const low = table.uint32(row, ROW.lowSrttUs);
  const high = table.uint32(row, ROW.highSrttUs);
  const [client, server] = clientIsHigh ? [high, low] : [low, high];
  return client || server || NOT_KNOWN;
}

/** Segments that both sides sent again. */
export function retransmitsOf(table: FlowTable, row: number): number {
  // A socket knows best what it sent again; of a sender without one here the packets tell.
  const sentAgain = (high: boolean): number =>
    table.uint32(row, high ? ROW.highRetransmits : ROW.lowRetransmits) ||
    mostOfKeys(table, row, high, ROW.lowSeenRetransmits, ROW.highSeenRetransmits);
  return sentAgain(false) + sentAgain(true);
}

/** What is known of the connection's two senders together. */
export function connectionFacts(table: FlowTable, row: number, clientIsHigh: boolean): ConnectionFacts {
  const both = (lowField: number, highField: number): number =>
    mostOfKeys(table, row, false, lowField, highField) + mostOfKeys(table, row, true, lowField, highField);
  return {
    rttUs: rttOf(table, row, clientIsHigh),
    retransmits: retransmitsOf(table, row),
    outOfOrder: both(ROW.lowOutOfOrder, ROW.highOutOfOrder),
    zeroWindows: both(ROW.lowZeroWindows, ROW.highZeroWindows),
    synRetries: Math.max(0, mostOfKeys(table, row, clientIsHigh, ROW.lowSyns, ROW.highSyns) - 1),
  };
}

/** The packets of one side are counted with each tuple that they are seen as: the tuple that saw most saw all. */
function mostOfKeys(
  table: FlowTable,
  flow: number,
  high: boolean,
  lowField: number,
  highField: number,
): number {
  let most = 0;
  for (let row = flow; row !== NONE; row = table.uint32(row, ROW.nextKey)) {
    most = Math.max(most, table.uint32(row, high !== table.isTurned(row) ? highField : lowField));
  }
  return most;
}

export interface ConnectionFacts {
  readonly rttUs: number;
  readonly retransmits: number;
  readonly outOfOrder: number;
  readonly zeroWindows: number;
  readonly synRetries: number;
}

/** Dropped packets belong to the flow's time, and may be all there is of it. */
function addDropTimes(table: FlowTable, row: number, low: DirectionSummary, high: DirectionSummary): void {
  const times = table.drops.times(table.idOf(row));
  for (const [direction, span] of [
    [low, times.low],
    [high, times.high],
  ] as const) {
    if (span === null) continue;
    direction.first = Math.min(direction.first, span.first);
    direction.last = Math.max(direction.last, span.last);
  }
}

function emptyDirection(): DirectionSummary {
  return { packets: 0, bytes: 0, tcpFlags: 0, first: Infinity, last: 0 };
}

/** Rank behind all points that saw the whole flow. */
const LATE = 100;

/**
 * Packets and bytes of a direction at the one point that counts: the nearest of those that were attached before the
 * flow began. A point that came later has not seen all of it; where only such points are, the fullest one counts.
 */
function takeTotals(
  table: FlowTable,
  row: number,
  fromHigh: boolean,
  fromClient: boolean,
  start: number,
  totals: DirectionSummary,
): void {
  const { view } = table.sightings;
  const began = table.epoch + start + COARSE_DELAY;
  let bestRank = Infinity;
  for (let index = table.firstSighting(row); index !== NONE; index = table.sightings.next(index)) {
    const base = index * KEPT_BYTES;
    const code = view.getUint32(base + KEPT.code, true);
    if ((code & 1) !== (fromHigh ? 1 : 0)) continue;
    const point = table.points.get(code >>> 1);
    const isWhole = point !== undefined && point.attachedAt <= began;
    const rank = !isWhole ? LATE : fromClient ? point.ranks.client : point.ranks.server;
    const packets = view.getFloat64(base + KEPT.packets, true);
    if (rank > bestRank || (rank === bestRank && packets <= totals.packets)) continue;
    bestRank = rank;
    totals.packets = packets;
    totals.bytes = view.getFloat64(base + KEPT.bytes, true);
  }
}

type Client = Pick<FlowSummary, 'clientIsHigh' | 'initiatorEvidence'>;

/** Who began it: of a translated connection conntrack's source, whoever's SYN was seen; null where nothing tells. */
function knownClient(table: FlowTable, row: number): Client | null {
  const { high } = SIDE_NUMBER;
  const original = table.uint8(row, ROW.original);
  if (original !== 0) return { clientIsHigh: original === high, initiatorEvidence: 'conntrack' };
  const opened = table.uint8(row, ROW.opened);
  if (opened !== 0) return { clientIsHigh: opened === high, initiatorEvidence: 'opening' };
  const source = table.uint8(row, ROW.source);
  return source === 0 ? null : { clientIsHigh: source === high, initiatorEvidence: 'conntrack' };
}

/** Without a seen opening: a Service's side serves, else the lower port, else who spoke first asked. */
function guessClient(table: FlowTable, row: number, low: DirectionSummary, high: DirectionSummary): Client {
  const lowService = table.uint32(row, ROW.lowService) !== 0;
  const highService = table.uint32(row, ROW.highService) !== 0;
  if (lowService !== highService) return { clientIsHigh: lowService, initiatorEvidence: 'service' };
  const lowPort = table.rows.getUint16(row * ROW_BYTES + ROW.key + KEY.lowPort, true);
  const highPort = table.rows.getUint16(row * ROW_BYTES + ROW.key + KEY.highPort, true);
  if (lowPort !== highPort) return { clientIsHigh: lowPort < highPort, initiatorEvidence: 'port' };
  return { clientIsHigh: high.first < low.first, initiatorEvidence: 'order' };
}
