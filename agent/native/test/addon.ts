import { createRequire } from 'node:module';
import { resolve } from 'node:path';

import type * as Addon from '../index.d.ts';

const payload = resolve(import.meta.dirname, `../../../dist/payload/linux-${process.arch}`);

/** The addon as it ships: built by tools/buildNative.ts. */
export const addon = createRequire(import.meta.url)(resolve(payload, 'vethscope.node')) as typeof Addon;
export const addonPath = resolve(payload, 'vethscope.node');
export const objectPath = resolve(payload, 'collector.bpf.o');

export function openCollector(options: Partial<Addon.CollectorOptions> = {}): Addon.Collector {
  return new addon.Collector({ objectPath, maxFlows: 16384, ringBytes: 1 << 20, ...options });
}
