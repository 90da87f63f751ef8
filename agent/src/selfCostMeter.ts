import type { SelfCost } from '../../src/model/ledger.ts';
import type { Addon } from './collector/addon.ts';
import type { Collection } from './collector/collection.ts';
import { CpuShare } from './cpuShare.ts';
import type { FlowTable } from './flows/flowTable.ts';
import { kernelMapBytes } from './kernelMemory.ts';
import { ProgramCost } from './programCost.ts';

/** Maps have their size from the start, but for a few small ones. Milliseconds. */
const MAPS_REFRESH = 10_000;

/** What the agent itself costs: its programs' time, its process's, and memory. */
export class SelfCostMeter {
  readonly #collection: Collection;
  readonly #table: FlowTable;
  readonly #programs: ProgramCost;
  readonly #cpu = new CpuShare();
  #mapEntries = 0;
  #mapPeak = 0;
  #mapBytes = 0;
  #mapsRead = -Infinity;

  constructor(addon: Addon, collection: Collection, table: FlowTable, tell: (message: string) => void) {
    this.#collection = collection;
    this.#table = table;
    this.#programs = new ProgramCost(addon, collection, tell);
  }

  /** Begins to measure. */
  start(): void {
    this.#programs.tick();
  }

  /** Once an interval. @param entries records of its drain */
  drained(entries: number): void {
    this.#mapEntries = entries;
    this.#mapPeak = Math.max(this.#mapPeak, entries);
    this.#programs.tick();
  }

  read(): SelfCost {
    return {
      nanosecondsPerPacket: this.#programs.perPacket,
      nanosecondsPerDrop: this.#programs.perDrop,
      programsCpu: this.#programs.share,
      cpu: this.#cpu.share(),
      residentBytes: process.memoryUsage.rss(),
      kernelMapBytes: this.#kernelMapBytes(),
      flows: this.#table.size,
      mapEntries: this.#mapEntries,
      mapPeak: this.#mapPeak,
      mapCapacity: this.#collection.mapCapacity,
    };
  }

  /** Measures no longer; figures stay. */
  close(): void {
    this.#programs.close();
  }

  #kernelMapBytes(): number {
    const now = performance.now();
    if (now - this.#mapsRead >= MAPS_REFRESH) {
      this.#mapBytes = kernelMapBytes();
      this.#mapsRead = now;
    }
    return this.#mapBytes;
  }
}
