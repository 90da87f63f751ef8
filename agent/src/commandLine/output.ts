import { once } from 'node:events';

/** Data on standard output, with back-pressure; a reader that went away ends the program quietly. */
export class DataOutput {
  #blocked = false;
  #gone = false;

  constructor(onGone: () => void) {
    process.stdout.on('drain', () => (this.#blocked = false));
    process.stdout.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
      this.#gone = true;
      onGone();
    });
  }

  write(text: string): void {
    if (!this.#gone && text !== '' && !process.stdout.write(text)) this.#blocked = true;
  }

  /** Waits until everything written has been taken. */
  async flush(): Promise<void> {
    while (this.#blocked && !this.#gone) await once(process.stdout, 'drain');
  }
}

/** A message to the person, on standard error. */
export function tell(message: string): void {
  process.stderr.write(`vethscope-agent: ${message}\n`);
}
