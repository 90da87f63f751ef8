import { EVENT, eventLength, viewOf } from './flowLayout.ts';

/** Room for events between two drains; what comes beyond is counted as dropped. */
const QUEUE_BYTES = 4 << 20;

/** Events that wait for the drain that holds their packets. */
export class EventQueue {
  #waiting: Buffer[] = [];
  #bytes = 0;
  #dropped = 0;

  /** Events that came faster than they were taken. */
  get dropped(): number {
    return this.#dropped;
  }

  /** @param records whole events, back to back */
  add(records: Buffer): void {
    if (this.#bytes + records.length > QUEUE_BYTES) {
      forEachEvent([records], () => (this.#dropped += 1));
      return;
    }
    this.#waiting.push(records);
    this.#bytes += records.length;
  }

  take(): readonly Buffer[] {
    const taken = this.#waiting;
    this.#waiting = [];
    this.#bytes = 0;
    return taken;
  }
}

/** Calls back for each event: where it begins, and its `enum event_kind`. */
export function forEachEvent(
  buffers: readonly Uint8Array[],
  callback: (view: DataView, offset: number, kind: number) => void,
): void {
  for (const buffer of buffers) {
    const view = viewOf(buffer);
    for (let offset = 0; offset < view.byteLength; offset += eventLength(view, offset)) {
      callback(view, offset, view.getUint16(offset + EVENT.kind, true));
    }
  }
}
