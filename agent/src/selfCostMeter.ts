import type { SelfCost } from '../../src/model/ledger.ts';
import type { Collection } from './collector/collection.ts';
import { CpuShare } from './cpuShare.ts';
import type { FlowTable } from './flows/flowTable.ts';

/** What the agent itself costs: its programs' time, its process's, and memory. */
export class SelfCostMeter {
  readonly #collection: Collection;
  readonly #table: FlowTable;
  readonly #cpu = new CpuShare();
  #lastDrained = 0;

  constructor(collection: Collection, table: FlowTable) {
    this.#collection = collection;
    this.#table = table;
  }

  /** @param entries records of the last drain */
  drained(entries: number): void {
    this.#lastDrained = entries;
  }

  read(): SelfCost {
    const { runTimeNs, runCount } = this.#collection.statistics();
    return {
      nanosecondsPerPacket: runCount === 0n ? null : Number(runTimeNs) / Number(runCount),
      cpu: this.#cpu.share(),
      residentBytes: process.memoryUsage.rss(),
      flows: this.#table.size,
      mapEntries: this.#lastDrained,
      mapCapacity: this.#collection.mapCapacity,
    };
  }
}
