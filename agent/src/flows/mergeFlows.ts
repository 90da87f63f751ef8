import { KEPT, KEPT_BYTES, NONE, ROW, ROW_BYTES } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';

/** Fields of the low and the high side that a flow has from whichever of its keys tells them. */
const SIDE_FIELDS = [
  { low: ROW.lowCgroup, high: ROW.highCgroup, kind: 'float64' },
  { low: ROW.lowSrttUs, high: ROW.highSrttUs, kind: 'uint32' },
  { low: ROW.lowRetransmits, high: ROW.highRetransmits, kind: 'uint32' },
  { low: ROW.lowTunnel, high: ROW.highTunnel, kind: 'uint32' },
  { low: ROW.lowOuterPort, high: ROW.highOuterPort, kind: 'uint16' },
  { low: ROW.lowDscp, high: ROW.highDscp, kind: 'uint8' },
] as const;

/**
 * Makes one flow a part of another: its key finds that one from now on, its sightings and facts are that one's. Readers
 * know the flow that they were told of first; the other one is absorbed.
 * @param turned whether the low side of `from` is the high side of `into`
 */
export function mergeFlows(table: FlowTable, from: number, into: number, turned: boolean): void {
  mergeIds(table, from, into, turned);
  moveSightings(table, from, into, turned);
  for (const { low, high, kind } of SIDE_FIELDS) {
    takeOver(table, kind, from, low, into, turned ? high : low);
    takeOver(table, kind, from, high, into, turned ? low : high);
  }
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

type FieldKind = (typeof SIDE_FIELDS)[number]['kind'];

/** The larger one: what is not known is 0, and counts only grow. */
function takeOver(
  table: FlowTable,
  kind: FieldKind,
  from: number,
  field: number,
  into: number,
  target: number,
): void {
  const { rows } = table;
  const [source, destination] = [from * ROW_BYTES + field, into * ROW_BYTES + target];
  if (kind === 'float64') {
    const value = Math.max(rows.getFloat64(source, true), rows.getFloat64(destination, true));
    rows.setFloat64(destination, value, true);
  } else if (kind === 'uint32') {
    rows.setUint32(
      destination,
      Math.max(rows.getUint32(source, true), rows.getUint32(destination, true)),
      true,
    );
  } else if (kind === 'uint16') {
    rows.setUint16(
      destination,
      Math.max(rows.getUint16(source, true), rows.getUint16(destination, true)),
      true,
    );
  } else {
    rows.setUint8(destination, Math.max(rows.getUint8(source), rows.getUint8(destination)));
  }
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
