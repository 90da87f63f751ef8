import type { Capture, CaptureSink } from '../capture/capture.ts';
import { releaseBytes } from '../releaseBytes.ts';
import { Gate } from './gate.ts';
import type { CaptureMessage } from './source.ts';

/** What may wait for a slow reader, bytes; beyond it packets are dropped and counted. */
const MOST_WAITING = 16 << 20;
/** Of one message, as far as blocks come in smaller pieces. */
const MESSAGE_BYTES = 1 << 20;

/** Blocks of a file that its reader has not taken yet. */
export class WaitingBlocks implements CaptureSink {
  readonly arrived = new Gate();
  #waiting: Buffer[] = [];
  #bytes = 0;

  get isFull(): boolean {
    return this.#bytes > MOST_WAITING;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  write(blocks: Buffer): void {
    if (blocks.length === 0) return;
    this.#waiting.push(blocks);
    this.#bytes += blocks.length;
    this.arrived.open();
  }

  /** The oldest, as many as go into one message. */
  take(): Buffer {
    let count = 0;
    for (let bytes = 0; count < this.#waiting.length && bytes < MESSAGE_BYTES; count += 1) {
      bytes += this.#waiting[count]?.length ?? 0;
    }
    const parts = this.#waiting.splice(0, count);
    const [first] = parts;
    const taken = parts.length === 1 && first !== undefined ? first : joined(parts);
    this.#bytes -= taken.length;
    return taken;
  }
}

/** The parts are of no use afterwards. */
function joined(parts: readonly Buffer[]): Buffer {
  const whole = Buffer.concat(parts);
  for (const part of parts) releaseBytes(part);
  return whole;
}

/** Why a capture ended. */
type CaptureEnd = 'asked' | 'packets' | 'bytes' | 'seconds';

/**
 * The messages of a running capture, to its end or until the reader goes. It is stopped in time also where the reader
 * does not take what was captured before.
 * @param seconds after which it ends @param asked resolves when somebody wants it to end
 */
export async function* streamCapture(
  capture: Capture,
  blocks: WaitingBlocks,
  seconds: number,
  asked: Promise<void>,
  signal: AbortSignal,
): AsyncGenerator<CaptureMessage> {
  const over: { why: CaptureEnd | '' } = { why: '' };
  const end = (why: CaptureEnd): void => {
    if (over.why !== '' || signal.aborted) return;
    over.why = why;
    capture.stop();
    blocks.arrived.open();
  };
  void asked.then(() => end('asked'));
  void capture.full.then(end);
  const timer = setTimeout(() => end('seconds'), seconds * 1000);
  function* messages(): Generator<CaptureMessage> {
    while (!blocks.isEmpty) {
      const pcapng = blocks.take();
      yield { pcapng, counts: countsOf(capture) };
      // Serialized by now.
      releaseBytes(pcapng);
    }
  }
  try {
    // The head of the file, at once, so that the reader knows that packets are taken.
    yield* messages();
    while (over.why === '' && !signal.aborted) {
      await blocks.arrived.pass(signal);
      yield* messages();
    }
    if (signal.aborted) return;
    await capture.finish();
    yield* messages();
    yield { counts: countsOf(capture), ended: over.why };
  } finally {
    clearTimeout(timer);
  }
}

function countsOf(capture: Capture): CaptureMessage['counts'] {
  const { packets, truncated, lost } = capture.counts;
  return { packets: BigInt(packets), truncated: BigInt(truncated), lost: BigInt(lost) };
}
