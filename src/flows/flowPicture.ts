import type { FlowRecords } from '../model/flowRecords.ts';

/** What a slot of the store holds. */
export const SLOT = { free: 0, live: 1, ended: 2 } as const;

/** One look at all flows; arrays are indexed by slot and may be longer than `slots`. */
export interface FlowPicture {
  readonly slots: number;
  /** FLOW_RECORD_BYTES a slot. */
  readonly bytes: Uint8Array;
  readonly records: FlowRecords;
  /** One of SLOT. */
  readonly states: Uint8Array;
  /** Bytes per second over the last interval, both directions. */
  readonly rates: Float64Array;
  /** Flows that had ended and were no longer kept. */
  readonly droppedEnded: number;
  /** When it was taken, milliseconds since the epoch. */
  readonly now: number;
}
