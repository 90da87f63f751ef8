interface Segment {
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** One sender of a connection. */
interface Stream {
  /** Sequence number of the next byte. */
  next: number;
  /** Bytes of a message that is not whole yet. */
  rest: Buffer;
  /** Segments beyond a gap. */
  held: Segment[];
  /** When the gap began, nanoseconds. */
  heldSince: number;
}

const LENGTH_BYTES = 2;
/** A segment further away than this belongs to another connection of the same tuple. */
const WINDOW = 1 << 20;
/** What may wait for a gap to be filled, and for how long. */
const HELD_SEGMENTS = 32;
const HELD_TIME = 2e9;

/**
 * Puts DNS messages over TCP (RFC 1035 section 4.2.2) together: segments in the order of their sequence numbers,
 * each message behind two bytes of length. The first segment of a stream is taken for the start of a message.
 */
export class TcpStreams {
  readonly #streams = new Map<string, Stream>();
  readonly #capacity: number;
  #unassembled = 0;

  /** @param capacity streams that are kept; beyond it the one that was silent for longest goes */
  constructor(capacity = 1024) {
    this.#capacity = capacity;
  }

  /** Times that bytes were given up because what belongs before or behind them never came. */
  get unassembled(): number {
    return this.#unassembled;
  }

  /**
   * Takes a segment and gives the messages that are whole now.
   * @param key connection and direction @param sequence of its first byte @param time nanoseconds
   */
  add(key: string, sequence: number, data: Uint8Array, time: number): Buffer[] {
    const stream = this.#streamOf(key, sequence);
    if (Math.abs(distance(stream.next, sequence)) > WINDOW) this.#restart(stream, sequence);
    if (distance(stream.next, sequence) > 0) {
      if (stream.held.length === 0) stream.heldSince = time;
      stream.held.push({ sequence, data: Buffer.from(data) });
      const waits = stream.held.length < HELD_SEGMENTS && time - stream.heldSince < HELD_TIME;
      if (waits) return [];
      this.#skipGap(stream);
    } else append(stream, { sequence, data });
    appendHeld(stream);
    return takeMessages(stream);
  }

  /** What follows is the start of a message again: the last one made no sense. */
  forget(key: string): void {
    this.#streams.delete(key);
  }

  #streamOf(key: string, sequence: number): Stream {
    const stream = this.#streams.get(key) ?? {
      next: sequence,
      rest: Buffer.alloc(0),
      held: [],
      heldSince: 0,
    };
    // Put at the end: the oldest is the one that was silent for longest.
    this.#streams.delete(key);
    this.#streams.set(key, stream);
    const [oldest] = this.#streams;
    if (this.#streams.size > this.#capacity && oldest !== undefined) {
      this.#streams.delete(oldest[0]);
      this.#giveUp(oldest[1]);
    }
    return stream;
  }

  #restart(stream: Stream, sequence: number): void {
    this.#giveUp(stream);
    stream.held = [];
    stream.rest = Buffer.alloc(0);
    stream.next = sequence;
  }

  #skipGap(stream: Stream): void {
    this.#unassembled += 1;
    stream.rest = Buffer.alloc(0);
    stream.held.sort((a, b) => distance(b.sequence, a.sequence));
    stream.next = stream.held[0]?.sequence ?? stream.next;
  }

  #giveUp({ rest, held }: Stream): void {
    if (rest.length > 0 || held.length > 0) this.#unassembled += 1;
  }
}

/** Bytes from one sequence number on to another, which come round at 2^32. */
function distance(from: number, to: number): number {
  return (to - from) | 0;
}

/** Appends what is new in a segment that begins at the next byte or before it. */
function append(stream: Stream, { sequence, data }: Segment): void {
  const known = distance(sequence, stream.next);
  if (known >= data.length) return;
  stream.rest = Buffer.concat([stream.rest, data.subarray(known)]);
  stream.next = (sequence + data.length) >>> 0;
}

function appendHeld(stream: Stream): void {
  stream.held.sort((a, b) => distance(b.sequence, a.sequence));
  for (let [first] = stream.held; first !== undefined; [first] = stream.held) {
    if (distance(stream.next, first.sequence) > 0) return;
    append(stream, first);
    stream.held.shift();
  }
}

function takeMessages(stream: Stream): Buffer[] {
  const messages: Buffer[] = [];
  while (stream.rest.length >= LENGTH_BYTES) {
    const end = LENGTH_BYTES + stream.rest.readUInt16BE();
    if (stream.rest.length < end) break;
    messages.push(stream.rest.subarray(LENGTH_BYTES, end));
    stream.rest = stream.rest.subarray(end);
  }
  return messages;
}
