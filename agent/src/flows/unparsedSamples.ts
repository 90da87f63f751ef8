import type { ObservationPoint } from '../../../src/model/flow.ts';
import type { UnparsedCause } from '../../../src/model/ledger.ts';
import { UNPARSED_CAUSES } from '../../../src/model/ledger.ts';
import { forEachEvent } from '../collector/eventQueue.ts';
import { EVENT, EVENT_KIND, readUint64 } from '../collector/flowLayout.ts';
import type { PointRegistry } from './pointRegistry.ts';

/** The first packet of a cause that was not parsed. */
export interface Sample {
  readonly cause: UnparsedCause;
  readonly interface: string;
  readonly ifindex: number;
  readonly point: ObservationPoint;
  /** Inode of the interface's namespace. */
  readonly netns: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Of the kernel's buffer, bytes. */
  readonly length: number;
  /** Its first bytes, from the link header on. */
  readonly bytes: Uint8Array;
}

/** One sample of each cause for which a packet was not parsed, in the order in which they were first seen. */
export class UnparsedSamples {
  readonly #points: PointRegistry;
  readonly #wallTime: (nanoseconds: number) => number;
  readonly #taken = new Map<UnparsedCause, Sample>();

  /** @param wallTime of CLOCK_MONOTONIC nanoseconds, in milliseconds since the epoch */
  constructor(points: PointRegistry, wallTime: (nanoseconds: number) => number) {
    this.#points = points;
    this.#wallTime = wallTime;
  }

  get taken(): readonly Sample[] {
    return [...this.#taken.values()];
  }

  /** Takes the samples out of an interval's events. */
  add(events: readonly Uint8Array[]): void {
    forEachEvent(events, (view, offset, kind) => {
      if (kind === EVENT_KIND.sample) this.#addOne(view, offset);
    });
  }

  #addOne(view: DataView, offset: number): void {
    const cause = UNPARSED_CAUSES[view.getUint32(offset + EVENT.value, true)];
    const point = this.#points.lookup(view.getUint16(offset + EVENT.point, true));
    if (cause === undefined || point === undefined || this.#taken.has(cause)) return;
    const captured = view.getUint32(offset + EVENT.captured, true);
    const data = new Uint8Array(view.buffer, view.byteOffset + offset + EVENT.data, captured);
    const { facts, name } = point;
    this.#taken.set(cause, {
      cause,
      interface: facts.interface,
      ifindex: facts.ifindex,
      point: name,
      netns: facts.netnsInode,
      time: this.#wallTime(readUint64(view, offset + EVENT.time)),
      length: view.getUint32(offset + EVENT.length, true),
      bytes: data.slice(),
    });
  }
}
