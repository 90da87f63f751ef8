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

/** Sum over those of the programs, by their ids, that sit on packet hooks: not tracepoints and the like. */
export function hookRunTime(programs: readonly number[]): RunTime {
  let nanoseconds = 0;
  let runs = 0;
  for (const id of programs) {
    const program = JSON.parse(run('bpftool', ['-j', 'prog', 'show', 'id', String(id)])) as {
      type: string;
      run_time_ns?: number;
      run_cnt?: number;
    };
    if (program.type !== 'sched_cls') continue;
    nanoseconds += program.run_time_ns ?? 0;
    runs += program.run_cnt ?? 0;
  }
  return { nanoseconds, runs };
}
