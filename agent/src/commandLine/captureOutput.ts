import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import type { Writable } from 'node:stream';
import { Failure } from '../failure.ts';

/** What may wait for a slow reader; beyond it packets are dropped and counted. */
const MOST_WAITING = 32 << 20;

/** A capture's bytes on their way to a file or pipe. */
export class CaptureOutput {
  readonly #stream: Writable;
  #gone = false;

  /**
   * @param path - for standard output
   * @param onGone the reader closed its end @param onBroken the file cannot be written
   */
  constructor(path: string, onGone: () => void, onBroken: (error: unknown) => void) {
    if (path === '-' && process.stdout.isTTY) {
      throw new Failure(
        'a capture is not for a terminal',
        'Pipe it, for example into tshark -r -, or give -w FILE.',
      );
    }
    this.#stream = path === '-' ? process.stdout : createWriteStream(path);
    this.#stream.on('error', (error: NodeJS.ErrnoException) => {
      this.#gone = true;
      if (error.code === 'EPIPE') onGone();
      else {
        onBroken(
          new Failure(`cannot write ${path}: ${error.message}`, 'Give a file that can be written.', {
            cause: error,
          }),
        );
      }
    });
  }

  /** Whether nothing more should be written for now. */
  get isFull(): boolean {
    return this.#gone || this.#stream.writableLength > MOST_WAITING;
  }

  write(bytes: Buffer): void {
    if (!this.#gone && bytes.length > 0) this.#stream.write(bytes);
  }

  /** Waits until everything written has been taken. */
  async end(): Promise<void> {
    while (this.#stream.writableLength > 0 && !this.#gone) {
      if (this.#stream.writableNeedDrain) await Promise.race([once(this.#stream, 'drain'), this.#failed()]);
      else await new Promise((resolve) => this.#stream.write('', resolve));
    }
    if (this.#stream !== process.stdout && !this.#gone) {
      await new Promise<void>((resolve) => this.#stream.end(resolve));
    }
  }

  #failed(): Promise<void> {
    return new Promise((resolve) => this.#stream.once('close', resolve).once('error', () => resolve()));
  }
}
