import { randomBytes } from 'node:crypto';
import type { AbsorbedFlow, Flow } from '../../../src/model/flow.ts';
import type { FlowWithPath } from '../../../src/model/path/flowPath.ts';
import { pathOf } from '../../../src/model/path/pathOf.ts';
import { pathText } from '../../../src/model/path/pathText.ts';
import type { Topology } from '../../../src/model/topology.ts';
import type { DnsHistory } from '../dns/dnsHistory.ts';
import { dnsJson } from '../dns/exchange.ts';
import { flowJson } from '../flows/flowJson.ts';
import type { FlowTable } from '../flows/flowTable.ts';
import type { UnparsedSamples } from '../flows/unparsedSamples.ts';
import { dnsContains, dnsLine } from './dnsText.ts';
import { flowContains, tableLine } from './flowText.ts';
import type { InterfaceTable } from './interfaceSums.ts';
import { InterfaceSums, tableText } from './interfaceSums.ts';
import { sampleJson, sampleLine } from './sampleText.ts';

export interface PrintOptions {
  readonly output: 'table' | 'jsonl';
  readonly final: boolean;
  /** Also questions to name servers. */
  readonly dns: boolean;
  /** Also one packet of each cause that was not parsed. */
  readonly samples: boolean;
  /** Also the way of each flow through the wiring. */
  readonly paths: boolean;
  /** In the end also the table of each interface, with what was counted there. */
  readonly interfaceViews: boolean;
  readonly filter?: string;
}

/** What is printed: its table goes on changing while a reader is waited for. */
export interface PrintedObservation {
  readonly table: FlowTable;
  readonly dns: Pick<DnsHistory, 'since' | 'sequence'>;
  readonly samples: Pick<UnparsedSamples, 'taken'>;
  readonly topology: Topology;
  /** Whether the last interval is over. */
  readonly stopped: boolean;
}

/** Takes text; flush waits until its reader has taken it. */
export interface PrintOutput {
  write(text: string): void;
  flush(): Promise<void>;
}

/** Rows whose text is made at once. */
const PIECE = 256;

/** Prints what changed since it printed before. Waits for its reader, and prints the totals of that later moment. */
export class FlowPrinter {
  readonly #observation: PrintedObservation;
  readonly #output: PrintOutput;
  readonly #options: PrintOptions;
  readonly #session = randomBytes(4).toString('hex');
  #printed = 0;
  #printedDns = 0;
  #printedSamples = 0;
  #missedDns = 0;
  readonly #sums = new InterfaceSums();
  #printing: Promise<void> | undefined;

  constructor(observation: PrintedObservation, output: PrintOutput, options: PrintOptions) {
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
    this.#output.write(this.#absorbed());
    if (this.#options.interfaceViews) this.#sumUp(rows);
    for (let start = 0; start < rows.length; start += PIECE) {
      // Rows that were given to another flow meanwhile are left out; that other one comes in the next round.
      const piece = rows
        .slice(start, start + PIECE)
        .filter((row, index) => table.idOf(row) === ids[start + index]);
      // A row that ended since this round began comes, as ended, in the next one: here it would be printed twice.
      const wanted = this.#options.final
        ? piece.filter((row) => table.isEnded(row) && table.changedAt(row) <= sequence)
        : piece;
      this.#output.write(wanted.map((row) => this.#text(row)).join(''));
      await this.#output.flush();
    }
    this.#printed = sequence;
    table.forgetEnded(sequence);
    if (this.#options.dns) await this.#printDns();
    if (this.#options.samples) await this.#printSamples();
  }

  /** The tables of interfaces, after the last flows. */
  async printInterfaceViews(): Promise<void> {
    for (const table of this.#sums.tables(this.#observation.topology)) {
      const line = this.#options.output === 'table' ? tableText(table) : jsonLine({ interfaceView: table });
      this.#output.write(line);
      await this.#output.flush();
    }
  }

  #sumUp(rows: readonly number[]): void {
    const { table, topology } = this.#observation;
    for (const { id } of table.absorbed.since(this.#printed)) this.#sums.forget(`${this.#session}-${id}`);
    for (const row of rows) this.#sums.take(flowJson(table, row, this.#session), topology);
  }

  async #printSamples(): Promise<void> {
    const samples = this.#observation.samples.taken.slice(this.#printedSamples);
    this.#printedSamples += samples.length;
    const table = this.#options.output === 'table';
    const lines = samples.map((sample) =>
      table ? sampleLine(sample) : `${JSON.stringify(sampleJson(sample))}\n`,
    );
    this.#output.write(lines.join(''));
    await this.#output.flush();
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

  /** Flows printed before that turned out to be part of another: their lines are void, the other one's has it all. */
  #absorbed(): string {
    if (this.#options.final || this.#options.output === 'table') return '';
    const name = (id: number): string => `${this.#session}-${id}`;
    const lines = this.#observation.table.absorbed
      .since(this.#printed)
      .map(({ id, into }): AbsorbedFlow => ({ absorbed: name(id), into: name(into) }));
    return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
  }

  #text(row: number): string {
    const flow = flowJson(this.#observation.table, row, this.#session);
    if (this.#options.filter !== undefined && !flowContains(flow, this.#options.filter)) return '';
    if (!this.#options.paths) return this.#options.output === 'table' ? tableLine(flow) : jsonLine(flow);
    const path = pathOf(flow, [this.#observation.topology]);
    return this.#options.output === 'table' ? tableLine(flow) + pathText(path) : jsonLine({ ...flow, path });
  }
}

function jsonLine(value: Flow | FlowWithPath | { readonly interfaceView: InterfaceTable }): string {
  return `${JSON.stringify(value)}\n`;
}
