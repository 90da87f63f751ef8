import { randomBytes } from 'node:crypto';
import { loadPayload } from '../collector/addon.ts';
import { flowJson } from '../flows/flowJson.ts';
import { readInventoryFile } from '../identity/inventoryFile.ts';
import { Observation } from '../observation.ts';
import { namespacePath } from '../topology/namespacePath.ts';
import { flowContains, tableHeader, tableLine } from './flowText.ts';
import { requireRoot } from './requirements.ts';
import { DataOutput, tell } from './output.ts';
import { whenAsked } from './signals.ts';

export interface ObserveOptions {
  readonly netns: readonly string[];
  readonly interface: readonly string[];
  readonly inventory?: string;
  readonly node: string;
  /** Seconds; until interrupted where it is left out. */
  readonly duration?: number;
  /** Milliseconds. */
  readonly interval: number;
  readonly output: 'table' | 'jsonl';
  readonly final: boolean;
  readonly ledger: boolean;
  readonly filter?: string;
  readonly maxFlows: number;
}

/** Observes and prints flows until the time is over or it is asked to stop. */
export async function observe(options: ObserveOptions): Promise<void> {
  const inventory = options.inventory === undefined ? [] : readInventoryFile(options.inventory);
  const payload = loadPayload();
  requireRoot('observing');
  const observation = new Observation({
    payload,
    node: options.node,
    namespaces: options.netns.length === 0 ? ['/proc/self/ns/net'] : options.netns.map(namespacePath),
    interfaces: options.interface,
    inventory,
    interval: options.interval,
    maxFlows: options.maxFlows,
    mapFlows: options.maxFlows,
    tell,
  });
  try {
    await print(observation, options);
  } finally {
    await observation.close();
  }
}

async function print(observation: Observation, options: ObserveOptions): Promise<void> {
  const stop = whenAsked(options.duration === undefined ? undefined : options.duration * 1000);
  const output = new DataOutput(stop.now);
  const printer = new FlowPrinter(observation, output, options);
  if (options.output === 'table') output.write(tableHeader());
  observation.onTick(() => printer.print());
  observation.start(stop.failed);
  await stop.asked;
  await output.flush();
  await observation.finish();
  await output.flush();
  if (options.ledger) output.write(`${JSON.stringify({ ledger: observation.ledger() })}\n`);
  await output.flush();
}

/** Prints what changed since it printed before; while the reader lags it waits, and prints totals then. */
class FlowPrinter {
  readonly #observation: Observation;
  readonly #output: DataOutput;
  readonly #options: ObserveOptions;
  readonly #session = randomBytes(4).toString('hex');
  #printed = 0;

  constructor(observation: Observation, output: DataOutput, options: ObserveOptions) {
    this.#observation = observation;
    this.#output = output;
    this.#options = options;
  }

  print(): void {
    if (this.#output.blocked) return;
    const { table } = this.#observation;
    const rows: number[] = [];
    for (const row of table.changedSince(this.#printed)) {
      if (!this.#options.final || table.isEnded(row)) rows.push(row);
    }
    this.#printed = table.sequence;
    // In pieces, so that text of 100,000 flows is never in memory at once.
    for (let end = rows.length; end > 0; end -= PIECE) {
      const piece = rows.slice(Math.max(0, end - PIECE), end).reverse();
      this.#output.write(piece.map((row) => this.#text(row)).join(''));
    }
    table.forgetEnded(table.sequence);
  }

  #text(row: number): string {
    const flow = flowJson(this.#observation.table, row, this.#session);
    if (this.#options.filter !== undefined && !flowContains(flow, this.#options.filter)) return '';
    return this.#options.output === 'table' ? tableLine(flow) : `${JSON.stringify(flow)}\n`;
  }
}

const PIECE = 256;
