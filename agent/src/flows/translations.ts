import type { Translation } from '../../../src/model/flow.ts';
import { PROTOCOLS } from '../../../src/model/flowRecord.ts';
import type { TranslatedEnd } from '../../../src/model/translationList.ts';
import { translationList } from '../../../src/model/translationList.ts';
import { KEY } from '../collector/flowLayout.ts';
import { TUPLE_ROLE } from '../nat/translation.ts';
import { NONE, ROW, ROW_BYTES, SIDE_NUMBER } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';

/** One end of one tuple. */
export interface TupleEnd {
  /** Id of the address. */
  readonly address: number;
  readonly port: number;
}

/** What NAT did to a flow; null where it did nothing. */
export interface FlowTranslations {
  /** Where the client asked, before DNAT. */
  readonly asked: TupleEnd | null;
  /** Where the packets come from after SNAT. */
  readonly translated: TupleEnd | null;
  readonly masqueraded: boolean;
}

/** Null for a flow that is seen as it is. */
export function translationsOf(table: FlowTable, flow: number): FlowTranslations | null {
  const original = table.uint8(flow, ROW.original);
  if (original === 0) return null;
  const clientIsHigh = original === SIDE_NUMBER.high;
  let asked: TupleEnd | null = null;
  let translated: TupleEnd | null = null;
  for (let row = table.uint32(flow, ROW.nextKey); row !== NONE; row = table.uint32(row, ROW.nextKey)) {
    const client = clientIsHigh !== table.isTurned(row);
    const role = table.uint8(row, ROW.role) - 1;
    if (role === TUPLE_ROLE.asked) asked = keyEnd(table, row, !client);
    else if (role === TUPLE_ROLE.translated) translated = keyEnd(table, row, client);
  }
  return { asked, translated, masqueraded: table.uint8(flow, ROW.masqueraded) !== 0 };
}

/** One side of a row's key. */
export function keyEnd(table: FlowTable, row: number, high: boolean): TupleEnd {
  return {
    address: table.uint32(row, high ? ROW.highAddress : ROW.lowAddress),
    port: table.rows.getUint16(row * ROW_BYTES + ROW.key + (high ? KEY.highPort : KEY.lowPort), true),
  };
}

/** The translations as the public JSON has them. @param clientIsHigh side of the flow's own key */
export function namedTranslations(table: FlowTable, flow: number, clientIsHigh: boolean): Translation[] {
  const found = translationsOf(table, flow);
  if (found === null) return [];
  const named = ({ address, port }: TupleEnd): TranslatedEnd => ({
    address: table.names.addresses.get(address) ?? '',
    port,
  });
  return translationList({
    protocol: PROTOCOLS[table.uint8(flow, ROW.protocol)] ?? 'other',
    client: named(keyEnd(table, flow, clientIsHigh)),
    server: named(keyEnd(table, flow, !clientIsHigh)),
    asked: found.asked === null ? null : named(found.asked),
    translated: found.translated === null ? null : named(found.translated),
    masqueraded: found.masqueraded,
  });
}
