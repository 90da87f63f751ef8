import { once } from 'node:events';
import type { WriteStream } from 'node:fs';
import { createWriteStream } from 'node:fs';
import { Failure, messageOf } from '../failure.ts';
import { pause } from './pause.ts';
import { flowsLine, headerLine, ledgerLine, topologyLine } from './recording.ts';
import type { Source } from './source.ts';

const LEDGER_INTERVAL = 1000;

/** Writes everything that a reader of the source gets to a file. */
export class Recorder {
  readonly #file: WriteStream;
  readonly #started = Date.now();
  readonly #stop = new AbortController();
  readonly #writers: Promise<void>;

  private constructor(file: WriteStream, source: Source) {
    this.#file = file;
    const { node, kernel } = source.introduce();
    file.write(headerLine(node, kernel, this.#started));
    this.#writers = Promise.all([
      this.#writeFlows(source),
      this.#writeTopologies(source),
      this.#writeLedgers(source),
    ]).then(() => undefined);
  }

  static async open(path: string, source: Source): Promise<Recorder> {
    const file = createWriteStream(path);
    try {
      await once(file, 'open');
    } catch (error) {
      throw new Failure(
        `cannot write the recording ${path}: ${messageOf(error)}`,
        'Give a file in a folder that exists.',
        {
          cause: error,
        },
      );
    }
    return new Recorder(file, source);
  }

  /** Settles when recording breaks, for example on a full disk. */
  get broken(): Promise<void> {
    return this.#writers;
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#writers;
    const closed = once(this.#file, 'close');
    this.#file.end();
    await closed;
  }

  get #at(): number {
    return Date.now() - this.#started;
  }

  async #writeFlows(source: Source): Promise<void> {
    const all = { afterSequence: 0, interval: 0, target: { podUids: [], namespaces: [] } };
    for await (const message of source.flows(all, this.#stop.signal)) {
      await this.#write(flowsLine(this.#at, message));
    }
  }

  async #writeTopologies(source: Source): Promise<void> {
    for await (const topology of source.topologies(this.#stop.signal)) {
      await this.#write(topologyLine(this.#at, topology));
    }
  }

  async #writeLedgers(source: Source): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.#write(ledgerLine(this.#at, source.ledger()));
      await pause(LEDGER_INTERVAL, this.#stop.signal);
    }
  }

  async #write(line: string): Promise<void> {
    if (!this.#file.write(line)) await once(this.#file, 'drain');
  }
}
