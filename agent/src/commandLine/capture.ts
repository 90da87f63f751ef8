import { setTimeout } from 'node:timers/promises';
import type { AttachWay } from '../../native/index.d.ts';
import { CaptureFile } from '../capture/captureFile.ts';
import { loadPayload } from '../collector/addon.ts';
import type { AttachedInterface } from '../collector/attachedInterface.ts';
import { Collection } from '../collector/collection.ts';
import { Failure } from '../failure.ts';
import { namespacePath } from '../topology/namespacePath.ts';
import { CaptureOutput } from './captureOutput.ts';
import { tell } from './output.ts';
import type { FilterOptions } from './packetFilter.ts';
import { packetFilter } from './packetFilter.ts';
import { requireRoot } from './requirements.ts';
import type { Stop } from './signals.ts';
import { whenAsked } from './signals.ts';

export interface CaptureOptions extends FilterOptions {
  /** - for standard output. */
  readonly write: string;
  readonly netns: readonly string[];
  readonly interface: readonly string[];
  readonly node: string;
  readonly attach?: AttachWay;
  /** Bytes. */
  readonly snapLength: number;
  /** Packets a second at each point and CPU. */
  readonly rate?: number;
  /** Seconds; until interrupted where it is left out. */
  readonly duration?: number;
  /** Packets. */
  readonly count?: number;
}

const RING_BYTES = 16 << 20;
/** No flows are kept, but the collector needs a map. */
const MAP_FLOWS = 1024;
/** A protocol number that is reserved: no packet is counted as a flow. */
const NO_FLOWS = { protocols: [255] };
const NO_LIMIT = 0xffffffff;
const COUNTERS_INTERVAL = 1000;
/** Nothing for this long, and the ring is empty: it is read every 100 ms. */
const QUIET = 350;

/** Writes the packets that match as pcapng until told to stop. */
export async function capture(options: CaptureOptions, version: string): Promise<void> {
  const payload = loadPayload();
  requireRoot('capturing');
  const stop = whenAsked(options.duration === undefined ? undefined : options.duration * 1000);
  const output = new CaptureOutput(options.write, stop.now, stop.failed);
  // The file needs the collection's clock first; nothing is attached before a namespace is watched.
  let found: (one: AttachedInterface) => void = () => undefined;
  const collection = new Collection(
    payload,
    { mapFlows: MAP_FLOWS, ringBytes: RING_BYTES, interfaces: options.interface, attach: options.attach },
    {
      found: (one) => found(one),
      attached: () => undefined,
      released: () => undefined,
      changed: () => undefined,
      refused: tell,
    },
  );
  try {
    collection.setFilter(NO_FLOWS);
    const { monotonic, realtime } = await collection.drain();
    const file = new CaptureFile({
      application: `vethscope-agent ${version}`,
      node: options.node,
      snapLength: options.snapLength,
      count: options.count ?? Infinity,
      clockOffset: realtime - monotonic,
    });
    output.write(file.header());
    found = (one) => output.write(file.addInterface(one));
    const namespaces = options.netns.length === 0 ? ['/proc/self/ns/net'] : options.netns.map(namespacePath);
    await Promise.all(namespaces.map((path) => collection.watch(path)));
    requireInterfaces(collection, options.interface);
    await run(collection, file, output, options, stop);
  } finally {
    await collection.close();
  }
}

async function run(
  collection: Collection,
  file: CaptureFile,
  output: CaptureOutput,
  options: CaptureOptions,
  stop: Stop,
): Promise<void> {
  let last = Date.now();
  const reader = collection.events((records) => {
    last = Date.now();
    if (output.isFull) file.drop(records);
    else output.write(file.addEvents(records));
    if (file.isWhole) stop.now();
  });
  const counters = setInterval(() => file.note(collection.points()), COUNTERS_INTERVAL);
  try {
    collection.setCapture({
      filter: packetFilter(options),
      snapLength: options.snapLength,
      packetsPerSecond: options.rate ?? NO_LIMIT,
    });
    await stop.asked;
    collection.setCapture(null);
    do await setTimeout(QUIET);
    while (Date.now() - last < QUIET);
    file.note(collection.points());
    output.write(file.statistics(BigInt(Date.now()) * 1_000_000n));
    await output.end();
    tell(`${file.packets} packets captured, ${file.lost} lost`);
  } finally {
    clearInterval(counters);
    reader.close();
  }
}

function requireInterfaces(collection: Collection, wanted: readonly string[]): void {
  const attached = new Set(collection.attachedInterfaces.map(({ name }) => name));
  const missing = wanted.filter((name) => !attached.has(name));
  if (missing.length === 0) return;
  throw new Failure(
    `there is no interface ${missing.join(', ')} in the namespaces given`,
    'vethscope-agent topology prints the interfaces there are.',
  );
}
