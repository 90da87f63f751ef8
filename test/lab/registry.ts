/**
 * Which labs exist on this machine, so that one whose process was killed is taken down by the next.
 * One file a lab, written before anything is made and removed after everything is gone.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
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
  for (const name of readdirSync(REGISTRY)) {
    if (name.startsWith(`${id}.`)) rmSync(join(REGISTRY, name), { force: true });
  }
}

/**
 * Takes over the labs whose process has ended without taking them down. Of several processes that ask at once, each
 * leftover goes to one: who renames its file has it.
 */
export function takeLeftovers(): LabRecord[] {
  mkdirSync(REGISTRY, { recursive: true });
  const own = `${process.pid}-${startTime(process.pid) ?? ''}`;
  return readdirSync(REGISTRY).flatMap((name) => {
    const path = join(REGISTRY, name);
    const record = readRecord(path);
    const [, pid = record?.pid, started = record?.started] = /\.(\d+)-(\d+)\.taken$/.exec(name) ?? [];
    if (!record || startTime(Number(pid)) === started) return [];
    return rename(path, join(REGISTRY, `${record.id}.${own}.taken`)) ? [record] : [];
  });
}

function readRecord(path: string): LabRecord | null {
  const text = ifThere(() => readFileSync(path, 'utf8'));
  return text === null ? null : (JSON.parse(text) as LabRecord);
}

function rename(from: string, to: string): boolean {
  return (
    ifThere(() => {
      renameSync(from, to);
      return true;
    }) ?? false
  );
}

/** Null when the file, or the process that a file in /proc tells of, has gone. */
function ifThere<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return null;
    throw error;
  }
}

function startTime(pid: number): string | null {
  const stat = ifThere(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  // The name in field 2 may hold spaces: count the fields behind its closing bracket. Start time is field 22.
  return stat === null ? null : (stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null);
}
