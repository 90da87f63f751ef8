import type { AttachWay } from '../../native/index.d.ts';
import { loadPayload } from '../collector/addon.ts';
import { readInventoryFile } from '../identity/inventoryFile.ts';
import { Observation } from '../observation.ts';
import { namespacePath } from '../topology/namespacePath.ts';
import { FlowPrinter } from './flowPrinter.ts';
import { tableHeader } from './flowText.ts';
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
  /** Also one packet of each cause that was not parsed. */
  readonly samples: boolean;
  /** Also the way of each flow through the wiring. */
  readonly paths: boolean;
  /** In the end also what each interface sees and cannot see, with what was counted there. */
  readonly interfaceViews: boolean;
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
  const observation = await Observation.open({
    payload,
    node: options.node,
    namespaces: options.netns.length === 0 ? ['/proc/self/ns/net'] : options.netns.map(namespacePath),
    interfaces: options.interface,
    filter: packetFilter(options),
    inventory,
    interval: options.interval,
    maxFlows: options.maxFlows,
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
  if (options.samples) observation.wantSamples();
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
  if (options.interfaceViews) await printer.printInterfaceViews();
  if (options.ledger) output.write(`${JSON.stringify({ ledger: observation.ledger() })}\n`);
  if (printer.missedDns > 0) tell(`${printer.missedDns} DNS exchanges came faster than they were read`);
  await output.flush();
}
