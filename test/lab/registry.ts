/**
 * Which labs exist on this machine, so that one whose process was killed is taken down by the next.
 * One file a lab, written before anything is made and removed after everything is gone.
 */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface LabRecord {
  readonly id: string;
  readonly pid: number;
  /** Start time of the process in clock ticks since boot; a reused pid has another. */
  readonly started: string;
  readonly namespaces: readonly string[];
  readonly cgroup: string;
  readonly folder: string;
}

const REGISTRY = join(tmpdir(), 'vethscope-labs');

export function register(record: Omit<LabRecord, 'pid' | 'started'>): void {
  mkdirSync(REGISTRY, { recursive: true });
  const started = startTime(process.pid);
  if (started === null) throw new Error('/proc does not show this process: the lab needs Linux with /proc');
  const whole: LabRecord = { ...record, pid: process.pid, started };
  writeFileSync(join(REGISTRY, `${record.id}.json`), JSON.stringify(whole));
}

export function unregister(id: string): void {
  rmSync(join(REGISTRY, `${id}.json`), { force: true });
}

/** Labs whose process has ended without taking them down. */
export function leftovers(): LabRecord[] {
  mkdirSync(REGISTRY, { recursive: true });
  return readdirSync(REGISTRY)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(REGISTRY, name), 'utf8')) as LabRecord)
    .filter((record) => startTime(record.pid) !== record.started);
}

function startTime(pid: number): string | null {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (
      (error as NodeJS.ErrnoException).code === 'ENOENT' ||
      (error as NodeJS.ErrnoException).code === 'ESRCH'
    ) {
      return null;
    }
    throw error;
  }
  // The name in field 2 may hold spaces: count the fields behind its closing bracket. Start time is field 22.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}
