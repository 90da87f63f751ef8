/** Who is compared, by the name that the command line takes. */
import type { Lab } from '../../lab/lab.ts';
import type { Contender } from './contender.ts';
import { startCollector } from './ours.ts';
import { objectPath } from './programs.ts';
import { startReference } from './reference.ts';

export interface Entry {
  readonly title: string;
  readonly start: (lab: Lab) => Promise<Contender>;
}

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
  }
}

export function availableContenders(): readonly ContenderName[] {
  return Object.keys(CONTENDERS) as ContenderName[];
}
