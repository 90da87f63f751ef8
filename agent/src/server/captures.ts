import type { PacketFilter } from '../../native/index.d.ts';
import type { Capture, CaptureSink } from '../capture/capture.ts';
import { Failure } from '../failure.ts';
import { streamCapture, WaitingBlocks } from './captureStream.ts';
import type { CaptureMessage, CaptureQuestion } from './source.ts';

/** Each has programs and a ring of 16 MB in the kernel. */
const MOST_CAPTURES = 4;
/** What no capture goes beyond: one that was forgotten ends. */
const MOST_SECONDS = 3600;
const MOST_BYTES = 1 << 30;

/** What a capture asks of the node. */
export interface NodeCapture {
  readonly application: string;
  /** Inode of a namespace of the wiring. */
  readonly netns: number;
  readonly interfaces: readonly string[];
  readonly filter: PacketFilter | null;
  readonly mostPackets: number;
  readonly mostBytes: number;
}

/** Begins to take packets. @throws Failure */
export type OpenCapture = (capture: NodeCapture, sink: CaptureSink) => Promise<Capture>;

/** The captures that run for readers of this server. */
export class Captures {
  readonly #open: OpenCapture;
  /** How each is asked to end, by the name that its reader gave it. */
  readonly #running = new Map<string, () => void>();

  constructor(open: OpenCapture) {
    this.#open = open;
  }

  async *stream(question: CaptureQuestion, signal: AbortSignal): AsyncGenerator<CaptureMessage> {
    const { id } = question;
    if (this.#running.has(id)) {
      throw new Failure(`there is a capture ${id} already`, 'Give each another id.');
    }
    if (this.#running.size >= MOST_CAPTURES) {
      throw new Failure(`${MOST_CAPTURES} captures run here already`, 'End one of them first.');
    }
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#running.set(id, () => resolve(undefined));
    try {
      const blocks = new WaitingBlocks();
      const limits = {
        mostPackets: question.mostPackets || Infinity,
        mostBytes: Math.min(question.mostBytes || MOST_BYTES, MOST_BYTES),
      };
      const capture = await this.#open({ ...question, ...limits }, blocks);
      try {
        const seconds = Math.min(question.mostSeconds || MOST_SECONDS, MOST_SECONDS);
        yield* streamCapture(capture, blocks, seconds, promise, signal);
      } finally {
        await capture.close();
      }
    } finally {
      this.#running.delete(id);
    }
  }

  end(id: string): void {
    this.#running.get(id)?.();
  }
}
