import type { AttachWay } from '../../native/index.d.ts';
import { Capture } from '../capture/capture.ts';
import { loadPayload } from '../collector/addon.ts';
import { namespacePath } from '../topology/namespacePath.ts';
import { CaptureOutput } from './captureOutput.ts';
import { tell } from './output.ts';
import type { FilterOptions } from './packetFilter.ts';
import { packetFilter } from './packetFilter.ts';
import { requireRoot } from './requirements.ts';
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

/** Writes the packets that match as pcapng until told to stop. */
export async function capture(options: CaptureOptions, version: string): Promise<void> {
  const payload = loadPayload();
  requireRoot('capturing');
  const stop = whenAsked(options.duration === undefined ? undefined : options.duration * 1000);
  const output = new CaptureOutput(options.write, stop.now, stop.failed);
  const request = {
    application: `vethscope-agent ${version}`,
    node: options.node,
    namespaces: options.netns.length === 0 ? ['/proc/self/ns/net'] : options.netns.map(namespacePath),
    interfaces: options.interface,
    attach: options.attach,
    filter: packetFilter(options),
    snapLength: options.snapLength,
    rate: options.rate,
    mostPackets: options.count ?? Infinity,
    mostBytes: Infinity,
  };
  const running = await Capture.open(payload, request, output, tell);
  try {
    void running.full.then(stop.now);
    await stop.asked;
    await running.finish();
    await output.end();
    const { packets, lost } = running.counts;
    tell(`${packets} packets captured, ${lost} lost`);
  } finally {
    await running.close();
  }
}
