/** Traffic of many kinds at once, each kind a loop of bounded rounds, until it is told to stop. */
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** One round; it ends by itself within seconds. */
export type Round = (round: number) => Promise<void>;

export class Load {
  readonly #loops: Promise<void>[] = [];
  readonly #rounds = new Map<string, number>();
  #failure: unknown = null;
  #stopped = false;

  /** Repeats rounds of one kind. A round that fails ends the whole load, and stop() throws it. */
  repeat(name: string, round: Round): void {
    this.#loops.push(this.#loop(name, round));
  }

  /** How often each kind went round. */
  get rounds(): ReadonlyMap<string, number> {
    return this.#rounds;
  }

  get failed(): boolean {
    return this.#failure !== null;
  }

  /** Waits for the rounds under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#loops);
    if (this.#failure !== null) throw this.#failure as Error;
  }

  async #loop(name: string, round: Round): Promise<void> {
    try {
      for (let number = 0; !this.#stopped; number++) {
        await round(number);
        this.#rounds.set(name, number + 1);
      }
    } catch (error) {
      this.#failure ??= new Error(`load "${name}" failed`, { cause: error });
      this.#stopped = true;
    }
  }
}

/** Waits for a program's end; rejects when it does not end with one of the statuses. */
export async function ended(
  child: ChildProcess,
  what: string,
  statuses: readonly number[] = [0],
): Promise<void> {
  child.stdout?.resume();
  child.stderr?.resume();
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  if (child.exitCode === null || !statuses.includes(child.exitCode)) {
    throw new Error(`${what} ended with ${String(child.exitCode ?? child.signalCode)}`);
  }
}
