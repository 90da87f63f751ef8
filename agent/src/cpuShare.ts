/** Shorter spans say more about the clock's ticks than about the load, milliseconds. */
const SHORTEST_SPAN = 900;

/** This process's share of one CPU over about the last second; over its life until that is known. */
export class CpuShare {
  #usage = { user: 0, system: 0 };
  #time = 0;
  #share = 0;

  /** 0 to n, 1 being one CPU fully used. */
  share(): number {
    const now = performance.now();
    if (now - this.#time < SHORTEST_SPAN) return this.#share;
    const { user, system } = process.cpuUsage(this.#usage);
    this.#share = (user + system) / 1000 / (now - this.#time);
    this.#usage = process.cpuUsage();
    this.#time = now;
    return this.#share;
  }
}
