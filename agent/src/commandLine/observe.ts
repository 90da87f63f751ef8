import { randomBytes } from 'node:crypto';
import type { AttachWay } from '../../native/index.d.ts';
import { loadPayload } from '../collector/addon.ts';
import { dnsJson } from '../dns/exchange.ts';
import { flowJson } from '../flows/flowJson.ts';
import { readInventoryFile } from '../identity/inventoryFile.ts';
import { Observation } from '../observation.ts';
import { namespacePath } from '../topology/namespacePath.ts';
import { dnsContains, dnsLine } from './dnsText.ts';
import { flowContains, tableHeader, tableLine } from './flowText.ts';
import type { FilterOptions } from './packetFilter.ts';
import { packetFilter } from './packetFilter.ts';
import { requireRoot } from './requirements.ts';
import { DataOutput, tell } from './output.ts';
import { whenAsked } from './signals.ts';

export interface ObserveOptions extends FilterOptions {
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
  /** Also questions to name servers. */
  readonly dns: boolean;
  readonly filter?: string;
  readonly maxFlows: number;
  /** Bytes. */
  readonly mapMemory?: number;
  readonly attach?: AttachWay;
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
    filter: packetFilter(options),
    inventory,
    interval: options.interval,
    maxFlows: options.maxFlows,
    mapFlows: options.maxFlows,
    mapBytes: options.mapMemory,
    attach: options.attach,
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
  if (options.dns) observation.wantDns();
  const printer = new FlowPrinter(observation, output, options);
  if (options.output === 'table') output.write(tableHeader());
  const ticks = observation.onTick(() => {
    printer.print().catch(stop.failed);
  });
  observation.start(stop.failed);
  await stop.asked;
  ticks.close();
  await observation.finish();
  await printer.print();
  if (options.ledger) output.write(`${JSON.stringify({ ledger: observation.ledger() })}\n`);
  if (printer.missedDns > 0) tell(`${printer.missedDns} DNS exchanges came faster than they were read`);
  await output.flush();
}

/** Rows whose text is made at once. */
const PIECE = 256;

/** Prints what changed since it printed before. Waits for its reader, and prints the totals of that later moment. */
class FlowPrinter {
  readonly #observation: Observation;
  readonly #output: DataOutput;
  readonly #options: ObserveOptions;
  readonly #session = randomBytes(4).toString('hex');
  #printed = 0;
  #printedDns = 0;
  #missedDns = 0;
  #printing: Promise<void> | undefined;

  constructor(observation: Observation, output: DataOutput, options: ObserveOptions) {
    this.#observation = observation;
    this.#output = output;
    this.#options = options;
  }

  /** Exchanges that were kept no more when their turn came. */
  get missedDns(): number {
    return this.#missedDns;
  }

  /** Brings the output up to date; while that goes on, only the last of further calls has anything to do. */
  async print(): Promise<void> {
    if (this.#observation.stopped) await this.#printing;
    else if (this.#printing !== undefined) return;
    this.#printing = this.#round();
    await this.#printing;
    this.#printing = undefined;
  }

  async #round(): Promise<void> {
    const { table } = this.#observation;
    const sequence = table.sequence;
    const rows = [...table.changedSince(this.#printed)].reverse();
    const ids = rows.map((row) => table.idOf(row));
    for (let start = 0; start < rows.length; start += PIECE) {
      // Rows that were given to another flow meanwhile are left out; that other one comes in the next round.
      const piece = rows
        .slice(start, start + PIECE)
        .filter((row, index) => table.idOf(row) === ids[start + index]);
      const wanted = this.#options.final ? piece.filter((row) => table.isEnded(row)) : piece;
      this.#output.write(wanted.map((row) => this.#text(row)).join(''));
      await this.#output.flush();
    }
    this.#printed = sequence;
    table.forgetEnded(sequence);
    if (this.#options.dns) await this.#printDns();
  }

  async #printDns(): Promise<void> {
    const { dns } = this.#observation;
    const { exchanges, missed } = dns.since(this.#printedDns);
    this.#printedDns = dns.sequence;
    this.#missedDns += missed;
    const { filter, output } = this.#options;
    const wanted = exchanges.filter((exchange) => filter === undefined || dnsContains(exchange, filter));
    const lines = wanted.map((exchange) =>
      output === 'table' ? dnsLine(exchange) : `${JSON.stringify(dnsJson(exchange, this.#session))}\n`,
    );
    this.#output.write(lines.join(''));
    await this.#output.flush();
  }

  #text(row: number): string {
    const flow = flowJson(this.#observation.table, row, this.#session);
    if (this.#options.filter !== undefined && !flowContains(flow, this.#options.filter)) return '';
    return this.#options.output === 'table' ? tableLine(flow) : `${JSON.stringify(flow)}\n`;
  }
}
