import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { codeOf } from '../failure.ts';

/** Who holds a socket open. */
export interface Holder {
  readonly pid: number;
  /** /proc/PID/comm: 15 letters at most. */
  readonly command: string;
}

/** Nobody did when every process was asked: the kernel, or the socket was closed meanwhile. */
export interface Unheld {
  readonly pid: null;
  /** Wall time when they had been asked, milliseconds. */
  readonly at: number;
}

/** Time that look-ups may take in one interval, milliseconds. */
const BUDGET = 20;
/** Sockets whose holder is remembered. */
const MOST_KNOWN = 10_000;
/** What disappears while /proc is read. */
const PASSING = new Set(['ENOENT', 'ESRCH']);
const FORBIDDEN = new Set(['EACCES', 'EPERM']);

/**
 * Finds processes by the sockets that they hold, in /proc/PID/fd. That costs a look at every open file of the machine in
 * the worst case, so it is done for sockets of the node's own processes only, and for some milliseconds an interval.
 */
export class SocketHolders {
  /** By cookie of the socket. */
  readonly #known = new Map<number, Holder | Unheld>();
  #left = BUDGET;

  /** A new interval begins. */
  refill(): void {
    this.#left = BUDGET;
  }

  /**
   * @param likely processes that are asked first
   * @returns undefined where it could not be found out: no time left in this interval, or not every process may be seen
   */
  find(inode: number, cookie: number, likely: readonly number[]): Holder | Unheld | undefined {
    const known = this.#known.get(cookie);
    if (known !== undefined) return known;
    if (inode === 0 || this.#left <= 0) return undefined;
    const found = this.#search(inode, likely);
    if (found === undefined) return undefined;
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(cookie, found);
    return found;
  }

  #search(inode: number, likely: readonly number[]): Holder | Unheld | undefined {
    const end = performance.now() + this.#left;
    const target = `socket:[${inode}]`;
    const asked = new Set(likely);
    try {
      for (const pid of [...likely, ...allProcesses(asked)]) {
        if (holds(pid, target)) return { pid, command: readFileSync(`/proc/${pid}/comm`, 'utf8').trim() };
        if (performance.now() > end) return undefined;
      }
      return { pid: null, at: Date.now() };
    } catch (error) {
      const code = codeOf(error);
      // A process that ended, or whose files are not for us: this answers nothing about the socket.
      if (PASSING.has(code) || FORBIDDEN.has(code)) return undefined;
      throw error;
    } finally {
      this.#left = end - performance.now();
    }
  }
}

function* allProcesses(but: ReadonlySet<number>): Generator<number> {
  for (const name of readdirSync('/proc')) {
    const pid = Number(name);
    if (Number.isInteger(pid) && !but.has(pid)) yield pid;
  }
}

function holds(pid: number, target: string): boolean {
  for (const file of passing(() => readdirSync(`/proc/${pid}/fd`)) ?? []) {
    if (passing(() => readlinkSync(`/proc/${pid}/fd/${file}`)) === target) return true;
  }
  return false;
}

function passing<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (PASSING.has(codeOf(error))) return undefined;
    throw error;
  }
}
