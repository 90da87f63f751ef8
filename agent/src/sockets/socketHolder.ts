import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { unlessCode } from '../failure.ts';

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

/** A socket whose holder is asked for. */
interface Sought {
  readonly inode: number;
  /** Processes that are asked first. */
  readonly likely: readonly number[];
  isLikelyAsked: boolean;
}

/** One look at the open files of all processes, for the sockets that were asked for before it began. */
interface Pass {
  /** Cookies by what links to the sockets read. */
  readonly sought: Map<string, number>;
  /** Those that are still to be asked, the next one last. */
  readonly processes: number[];
  /** Whether all of them could be looked at. */
  sawAll: boolean;
}

/** Time that look-ups may take in one interval, milliseconds. */
const BUDGET = 20;
/** Share of it that goes to passes which are under way; the rest is for new questions. */
const PASS_SHARE = 0.5;
/** Sockets whose holder is remembered, and sockets that wait for a pass. */
const MOST_KNOWN = 10_000;
/** What disappears while /proc is read. */
const PASSING = new Set(['ENOENT', 'ESRCH']);
const FORBIDDEN = new Set(['EACCES', 'EPERM']);

/**
 * Finds processes by the sockets that they hold, in /proc/PID/fd. That costs a look at every open file of the machine in
 * the worst case, so it is done for sockets of the node's own processes only, and for some milliseconds an interval: a
 * pass goes on in the next one where it stopped.
 */
export class SocketHolders {
  /** By cookie of the socket. */
  readonly #known = new Map<number, Holder | Unheld>();
  /** By cookie; in no pass yet. */
  readonly #waiting = new Map<number, Sought>();
  readonly #budget: number;
  readonly #processes: () => readonly number[];
  #pass: Pass | null = null;
  #left: number;
  #version = 0;

  /** @param budget milliseconds that look-ups may take in one interval @param processes lists those there are */
  constructor(budget = BUDGET, processes = allProcesses) {
    this.#budget = budget;
    this.#left = budget;
    this.#processes = processes;
  }

  /** Grows when a holder was found after find() could not tell. */
  get version(): number {
    return this.#version;
  }

  /** A new interval begins: a pass that is under way goes on. */
  refill(): void {
    const share = this.#budget * PASS_SHARE;
    this.#left = share;
    this.#goOn(null);
    // However long the last process took: new questions have their share.
    this.#left = Math.max(0, this.#left) + this.#budget - share;
  }

  /**
   * @param likely processes that are asked first
   * @returns undefined where it is not known yet, or cannot be, because not every process may be seen
   */
  find(inode: number, cookie: number, likely: readonly number[]): Holder | Unheld | undefined {
    const known = this.#known.get(cookie);
    if (known !== undefined || inode === 0) return known;
    if (this.#pass?.sought.get(linkTo(inode)) !== cookie) this.#seek(inode, cookie, likely);
    this.#goOn(cookie);
    return this.#known.get(cookie);
  }

  #seek(inode: number, cookie: number, likely: readonly number[]): void {
    let sought = this.#waiting.get(cookie);
    if (sought === undefined) {
      if (this.#waiting.size >= MOST_KNOWN) return;
      sought = { inode, likely, isLikelyAsked: false };
      this.#waiting.set(cookie, sought);
    }
    // The likely ones answer most questions, so those need not wait for the end of a pass.
    if (sought.isLikelyAsked || this.#left <= 0) return;
    sought.isLikelyAsked = true;
    const began = performance.now();
    const one = new Map([[linkTo(inode), cookie]]);
    for (const pid of likely) if (one.size > 0) this.#ask(pid, one, cookie);
    if (one.size === 0) this.#waiting.delete(cookie);
    this.#left -= performance.now() - began;
  }

  /** Asks one process after the other as long as there is time. @param cookie of the socket that is asked for now */
  #goOn(cookie: number | null): void {
    const end = performance.now() + this.#left;
    while (this.#left > 0) {
      this.#pass ??= this.#begin();
      if (this.#pass === null) return;
      const pid = this.#pass.processes.pop();
      if (pid !== undefined && !this.#ask(pid, this.#pass.sought, cookie)) this.#pass.sawAll = false;
      if (pid === undefined || this.#pass.sought.size === 0) this.#end(this.#pass, cookie);
      this.#left = end - performance.now();
    }
  }

  #begin(): Pass | null {
    if (this.#waiting.size === 0) return null;
    const all = [...this.#waiting];
    this.#waiting.clear();
    const likely = new Set(all.flatMap(([, sought]) => (sought.isLikelyAsked ? [] : sought.likely)));
    const others = this.#processes().filter((pid) => !likely.has(pid));
    return {
      sought: new Map(all.map(([cookie, { inode }]) => [linkTo(inode), cookie])),
      processes: [...others.reverse(), ...likely],
      sawAll: true,
    };
  }

  #end({ sought, sawAll }: Pass, cookie: number | null): void {
    this.#pass = null;
    // Who could not be asked may have it.
    if (!sawAll) return;
    const at = Date.now();
    for (const unheld of sought.values()) this.#answer(unheld, { pid: null, at }, cookie);
  }

  /** Looks for sockets among a process's files. @returns whether they could be looked at */
  #ask(pid: number, sought: Map<string, number>, cookie: number | null): boolean {
    const files = unlessCode(FORBIDDEN, () => filesOf(pid));
    for (const file of files ?? []) {
      const held = sought.get(file);
      const command = held === undefined ? undefined : commandOf(pid);
      if (held === undefined || command === undefined) continue;
      sought.delete(file);
      this.#answer(held, { pid, command }, cookie);
    }
    return files !== undefined;
  }

  #answer(socket: number, holder: Holder | Unheld, cookie: number | null): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(socket, holder);
    if (socket !== cookie) this.#version += 1;
  }
}

function allProcesses(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** What /proc/PID/fd has for a socket. */
function linkTo(inode: number): string {
  return `socket:[${inode}]`;
}

/** What a process's descriptors link to; none when it has ended. */
function filesOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  const descriptors = unlessCode(PASSING, () => readdirSync(folder)) ?? [];
  return descriptors.flatMap(
    (descriptor) => unlessCode(PASSING, () => readlinkSync(`${folder}/${descriptor}`)) ?? [],
  );
}

function commandOf(pid: number): string | undefined {
  return unlessCode(PASSING, () => readFileSync(`/proc/${pid}/comm`, 'utf8').trim());
}
