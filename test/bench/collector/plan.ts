/** What of the comparison is measured: all of it, or the part that a change is about. */
import { CONTENDERS } from './contenders.ts';
import type { ContenderName } from './contenders.ts';
import { WORKLOADS } from './workloads.ts';
import type { Workload } from './workloads.ts';

/** `ns`: time of a hook run; `rate`: throughput and latency against none; `agent`: CPU, memory and loss. */
export const MEASURES = ['ns', 'rate', 'agent'] as const;
export type Measure = (typeof MEASURES)[number];

export interface Plan {
  readonly contenders: readonly ContenderName[];
  readonly workloads: readonly Workload[];
  readonly measures: readonly Measure[];
  readonly rounds: number;
}

export interface PlanOptions {
  readonly only?: string | undefined;
  readonly workloads?: string | undefined;
  readonly measures?: string | undefined;
  readonly rounds?: string | undefined;
}

/** Throws where a name is unknown. The empty program is always measured: everything is told net of it. */
export function planOf(options: PlanOptions, available: readonly ContenderName[]): Plan {
  const wanted = choose('contender', options.only, available);
  const rounds = Number(options.rounds ?? 3);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds takes a number from 1 on');
  return {
    contenders: available.filter((name) => name === 'empty' || wanted.includes(name)),
    workloads: choose('workload', options.workloads, Object.keys(WORKLOADS) as Workload[]),
    measures: choose('measure', options.measures, MEASURES),
    rounds,
  };
}

function choose<T extends string>(what: string, text: string | undefined, known: readonly T[]): readonly T[] {
  if (text === undefined) return known;
  const names = text.split(',');
  const strange = names.find((name) => !(known as readonly string[]).includes(name));
  if (strange !== undefined) {
    throw new Error(`no ${what} is called ${strange}; there are ${known.join(', ')}`);
  }
  return known.filter((name) => names.includes(name));
}

export const titleOf = (name: ContenderName): string => CONTENDERS[name].title;
