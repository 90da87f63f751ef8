/** Who is compared, by the name that the command line takes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Lab } from '../../lab/lab.ts';
import type { Contender } from './contender.ts';
import { removeFilters } from './hooks.ts';
import { untilQuiet } from './quiet.ts';
import { startNetobserv } from './netobserv.ts';
import { startCollector } from './ours.ts';
import { objectPath } from './programs.ts';
import { startPtcpdump } from './ptcpdump.ts';
import { startReference } from './reference.ts';

export interface Entry {
  readonly title: string;
  readonly start: (lab: Lab) => Promise<Contender>;
  /** Name of the program in the folder PEERS_BIN, without which it is left out. */
  readonly peer?: string;
}

const peerPath = (name: string): string => join(process.env.PEERS_BIN ?? '', name);

export const CONTENDERS = {
  empty: {
    title: 'empty program',
    start: (lab) => startReference(lab, objectPath('empty'), false),
  },
  bare: {
    title: 'bare counter, preallocated',
    start: (lab) => startReference(lab, objectPath('bare_counter'), false),
  },
  'bare-growing': {
    title: 'bare counter, not preallocated',
    start: (lab) => startReference(lab, objectPath('bare_counter'), true),
  },
  collector: { title: 'collector', start: startCollector },
  events: {
    title: 'event per packet',
    start: (lab) => startReference(lab, objectPath('packet_events'), false),
  },
  netobserv: {
    title: 'NetObserv eBPF agent',
    start: (lab) => startNetobserv(lab, peerPath('netobserv-ebpf-agent')),
    peer: 'netobserv-ebpf-agent',
  },
  ptcpdump: {
    title: 'ptcpdump',
    start: (lab) => startPtcpdump(lab, peerPath('ptcpdump')),
    peer: 'ptcpdump',
  },
} satisfies Record<string, Entry>;
export type ContenderName = keyof typeof CONTENDERS;

/** Starts it, and ends it whatever happens. */
export async function withContender(
  name: ContenderName,
  lab: Lab,
  work: (contender: Contender) => Promise<void>,
): Promise<void> {
  const contender = await CONTENDERS[name].start(lab);
  try {
    await work(contender);
  } finally {
    await contender.kill();
    removeFilters(lab);
    await untilQuiet();
  }
}

/** Our own, and those peers that are there. */
export function availableContenders(): readonly ContenderName[] {
  const entries = Object.entries<Entry>(CONTENDERS) as [ContenderName, Entry][];
  const isThere = ({ peer }: Entry): boolean =>
    peer === undefined || (process.env.PEERS_BIN !== undefined && existsSync(peerPath(peer)));
  return entries.filter(([, entry]) => isThere(entry)).map(([name]) => name);
}
