import { setTimeout as sleep } from 'node:timers/promises';

export interface PollOptions {
  /** Milliseconds until giving up. */
  readonly timeout: number;
  /** Milliseconds between two tries. Default 100. */
  readonly interval?: number;
}

/**
 * Asks until the answer is neither undefined nor false.
 * @param what names what is waited for, in the error
 * @throws Error when the time is over
 */
export async function poll<T>(
  what: string,
  ask: () => Promise<T | undefined | false> | T | undefined | false,
  options: PollOptions,
): Promise<T> {
  const end = Date.now() + options.timeout;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`waited ${options.timeout} ms for ${what}`);
    await sleep(options.interval ?? 100);
  }
}
