import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';
import { moveCgroups } from './sideCgroup.ts';

/** Fields of a side that are kept as they are in a flow of one key. */
const SIDES = {
  low: {
    srttUs: ROW.lowSrttUs,
    retransmits: ROW.lowRetransmits,
    dscp: ROW.lowDscp,
    tunnel: ROW.lowTunnel,
    outerPort: ROW.lowOuterPort,
  },
  high: {
    srttUs: ROW.highSrttUs,
    retransmits: ROW.highRetransmits,
    dscp: ROW.highDscp,
    tunnel: ROW.highTunnel,
    outerPort: ROW.highOuterPort,
  },
} as const;

/**
 * Makes one flow a part of another: its key finds that one from now on, its sightings and facts are that one's. Readers
 * know the flow that they were told of first; the other one is absorbed.
 * @param turned whether the low side of `from` is the high side of `into`
 */
export function mergeFlows(table: FlowTable, from: number, into: number, turned: boolean): void {
  for (const high of [false, true]) mergeSide(table, from, high, into, high !== turned);
  mergeIds(table, from, into, turned);
  moveSightings(table, from, into, turned);
  mergeHandshake(table, from, into, turned);
  const { rows } = table;
  const dropped = table.uint32(into, ROW.dropped) + table.uint32(from, ROW.dropped);
  rows.setUint32(into * ROW_BYTES + ROW.dropped, dropped, true);
  if (table.uint8(from, ROW.unreachable) !== 0) rows.setUint8(into * ROW_BYTES + ROW.unreachable, 1);
  const opened = table.uint8(from, ROW.opened);
  if (opened !== 0 && table.uint8(into, ROW.opened) === 0) {
    rows.setUint8(into * ROW_BYTES + ROW.opened, turned ? 3 - opened : opened);
  }
  table.makeKey(from);
  table.linkKey(into, from, turned);
}

function mergeIds(table: FlowTable, from: number, into: number, turned: boolean): void {
  const [one, other] = [table.idOf(from), table.idOf(into)];
  const kept = Math.min(one, other);
  const lost = Math.max(one, other);
  table.drops.move(one, other, turned);
  table.drops.move(other, kept, false);
  table.otherSenders.forget(one);
  table.otherSenders.move(other, kept);
  table.rows.setUint32(into * ROW_BYTES + ROW.id, kept, true);
  table.rows.setUint32(from * ROW_BYTES + ROW.id, 0, true);
  // A flow that never changed was told to nobody.
  const known = table.changedAt(lost === one ? from : into) !== 0;
  if (known) table.absorbed.add({ sequence: table.sequence, id: lost, into: kept });
}

function moveSightings(table: FlowTable, from: number, into: number, turned: boolean): void {
  const { view } = table.sightings;
  const first = table.firstSighting(from);
  let last = NONE;
  for (let index = first; index !== NONE; index = table.sightings.next(index)) {
    const at = index * KEPT_BYTES + KEPT.code;
    if (turned) view.setUint32(at, (view.getUint32(at, true) ^ 1) >>> 0, true);
    last = index;
  }
  if (last === NONE) return;
  view.setUint32(last * KEPT_BYTES + KEPT.next, table.firstSighting(into), true);
  table.rows.setUint32(into * ROW_BYTES + ROW.firstSighting, first, true);
}

function mergeSide(table: FlowTable, from: number, fromHigh: boolean, into: number, intoHigh: boolean): void {
  const { rows } = table;
  const [own, other] = [SIDES[fromHigh ? 'high' : 'low'], SIDES[intoHigh ? 'high' : 'low']];
  const [source, target] = [from * ROW_BYTES, into * ROW_BYTES];
  moveCgroups(table, from, fromHigh, into, intoHigh);
  // What is not known is 0, and counts only grow.
  for (const field of ['srttUs', 'retransmits'] as const) {
    const larger = Math.max(table.uint32(from, own[field]), table.uint32(into, other[field]));
    rows.setUint32(target + other[field], larger, true);
  }
  rows.setUint8(target + other.dscp, Math.max(table.uint8(from, own.dscp), table.uint8(into, other.dscp)));
  // A tunnel goes with the port of its packets; ids grow, so that the larger one was seen later.
  if (table.uint32(from, own.tunnel) <= table.uint32(into, other.tunnel)) return;
  rows.setUint32(target + other.tunnel, rows.getUint32(source + own.tunnel, true), true);
  rows.setUint16(target + other.outerPort, rows.getUint16(source + own.outerPort, true), true);
}

/** That of the key whose SYN came first: nearest to the client. */
function mergeHandshake(table: FlowTable, from: number, into: number, turned: boolean): void {
  const { rows } = table;
  const [source, destination] = [from * ROW_BYTES, into * ROW_BYTES];
  const syn = rows.getFloat64(source + ROW.synTime, true);
  const known = rows.getFloat64(destination + ROW.synTime, true);
  if (syn === 0 || (known !== 0 && known <= syn)) return;
  rows.setFloat64(destination + ROW.synTime, syn, true);
  rows.setUint32(
    destination + ROW.synPoint,
    rows.getUint32(source + ROW.synPoint, true) ^ (turned ? 1 : 0),
    true,
  );
  rows.setUint32(destination + ROW.handshakeUs, rows.getUint32(source + ROW.handshakeUs, true), true);
}
