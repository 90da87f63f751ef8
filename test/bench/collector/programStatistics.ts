/** The kernel's own statistics of BPF programs: how often each ran and for how long. */
import { readFileSync, writeFileSync } from 'node:fs';
import { run } from '../../lab/commands.ts';

const SWITCH = '/proc/sys/kernel/bpf_stats_enabled';

/** Counts while work runs; leaves the switch as it was. */
export async function withStatistics<T>(work: () => Promise<T>): Promise<T> {
  const before = readFileSync(SWITCH, 'utf8');
  writeFileSync(SWITCH, '1');
  try {
    return await work();
  } finally {
    writeFileSync(SWITCH, before);
  }
}

export interface RunTime {
  readonly nanoseconds: number;
  readonly runs: number;
}

interface Shown {
  readonly run_time_ns?: number;
  readonly run_cnt?: number;
}

function show(id: number): Shown {
  return JSON.parse(run('bpftool', ['-j', 'prog', 'show', 'id', String(id)])) as Shown;
}

/** Sum over programs, by their ids. */
export function runTime(ids: readonly number[]): RunTime {
  const programs = ids.map(show);
  return {
    nanoseconds: programs.reduce((sum, program) => sum + (program.run_time_ns ?? 0), 0),
    runs: programs.reduce((sum, program) => sum + (program.run_cnt ?? 0), 0),
  };
}
