/** Memory of a process and of the BPF maps that it holds, watched while something goes on. */
import { readdirSync, readFileSync } from 'node:fs';
import { readIfThere } from './procFile.ts';

const MEGABYTE = 1e6;

export interface Watched {
  /** MB at the beginning, the most, and at the end. */
  readonly fixed: number;
  readonly peak: number;
  readonly last: number;
}

/** Reads ten times a second until end() is called. */
export function watchMemory(pid: number): { end(): Watched } {
  const fixed = memoryOf(pid);
  let peak = fixed;
  const timer = setInterval(() => (peak = Math.max(peak, memoryOf(pid))), 100);
  const end = (): Watched => {
    clearInterval(timer);
    const last = memoryOf(pid);
    return { fixed, peak: Math.max(peak, last), last };
  };
  return { end };
}

function memoryOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const resident = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  return (resident + mapMemory(pid)) / MEGABYTE;
}

/** The kernel's own account of each map (`memlock`, as bpftool shows it), by way of the descriptors. */
function mapMemory(pid: number): number {
  const maps = new Map<string, number>();
  for (const descriptor of readdirSync(`/proc/${pid}/fdinfo`)) {
    const text = readIfThere(`/proc/${pid}/fdinfo/${descriptor}`);
    const id = /^map_id:\s*(\d+)/m.exec(text)?.[1];
    if (id !== undefined) maps.set(id, Number(/^memlock:\s*(\d+)/m.exec(text)?.[1]));
  }
  return [...maps.values()].reduce((sum, bytes) => sum + bytes, 0);
}
