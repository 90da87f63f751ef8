import type { SocketClues } from '../identity/socketOwners.ts';
import type { TranslatedBy } from '../nat/conntrackFeed.ts';
import { TRANSLATED_BY } from '../nat/conntrackFeed.ts';
import { TUPLE_ROLE } from '../nat/translation.ts';
import type { KeyEnd } from '../sockets/socketTable.ts';
import { NONE, ROW, ROW_BYTES, SIDE_NUMBER } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';

/** What a row tells of the socket at one of its sides. @param when the flow began, milliseconds since the epoch */
export function socketClues(table: FlowTable, row: number, high: boolean, when: number): SocketClues {
  const { rows, epoch, otherSenders } = table;
  const base = row * ROW_BYTES;
  const opened = rows.getUint8(base + ROW.opened);
  const last = rows.getUint32(base + ROW.end, true);
  return {
    end: socketEnd(table, row, high),
    cgroup: rows.getFloat64(base + (high ? ROW.highCgroup : ROW.lowCgroup), true),
    others: otherSenders.of(table.idOf(row), high),
    opened: opened === 0 ? null : opened === (high ? SIDE_NUMBER.high : SIDE_NUMBER.low),
    first: when,
    last: last === 0 ? when : epoch + last,
  };
}

/** Who has it that the server of a flow answered for the address asked. */
export function translatedBy(table: FlowTable, flow: number): TranslatedBy {
  return TRANSLATED_BY[table.uint8(flow, ROW.translatedBy)] ?? 'conntrack';
}

/**
 * A side as its own socket has it: the client's is connected to where it asked, unless Cilium connected it elsewhere, the
 * server's to what SNAT made of the client.
 */
function socketEnd(table: FlowTable, flow: number, high: boolean): KeyEnd {
  const isClient = table.uint8(flow, ROW.original) === (high ? SIDE_NUMBER.high : SIDE_NUMBER.low);
  const asItAsked = translatedBy(table, flow) === 'cilium-socket' ? TUPLE_ROLE.plain : TUPLE_ROLE.asked;
  const role = isClient ? asItAsked : TUPLE_ROLE.translated;
  let row = table.uint32(flow, ROW.nextKey);
  while (row !== NONE && table.uint8(row, ROW.role) - 1 !== role) row = table.uint32(row, ROW.nextKey);
  const key = row === NONE ? flow : row;
  return {
    view: table.rows,
    offset: key * ROW_BYTES + ROW.key,
    high: high !== (row !== NONE && table.isTurned(row)),
  };
}
