import { POINT_SLOTS, RECORD, SLOT, SLOT_BYTES, TCP_FLAG } from '../collector/flowLayout.ts';
import { NONE, ROW } from './flowRow.ts';
import type { FlowTable } from './flowTable.ts';

/** Which records are of flows that Cilium is to be asked for, as its own tables tell nothing by themselves. */
export class CiliumQuestions {
  readonly #table: FlowTable;

  constructor(table: FlowTable) {
    this.#table = table;
  }

  /** A new flow, one that begins anew, and one that still goes to a Service and to nobody who answers for it. */
  isAsked(view: DataView, record: number): boolean {
    const table = this.#table;
    const flow = table.find(view, record);
    if (flow === NONE || isOpening(view, record)) return true;
    if (table.uint8(flow, ROW.original) !== 0) return false;
    return table.uint32(flow, ROW.lowService) !== 0 || table.uint32(flow, ROW.highService) !== 0;
  }
}

function isOpening(view: DataView, record: number): boolean {
  for (let slot = 0; slot < POINT_SLOTS; slot += 1) {
    const flags = view.getUint16(record + RECORD.slots + slot * SLOT_BYTES + SLOT.tcpFlags, true);
    if ((flags & TCP_FLAG.syn) !== 0) return true;
  }
  return false;
}
