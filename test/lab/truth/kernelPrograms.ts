/** Which BPF programs, maps and links a process holds, and which of them the kernel still has, by bpftool. */
import { readdirSync, readFileSync } from 'node:fs';
import { run } from '../commands.ts';

export interface KernelObjects {
  readonly programs: readonly number[];
  readonly maps: readonly number[];
  readonly links: readonly number[];
}

/** From /proc/PID/fdinfo, so it needs no word of the process itself. */
export function objectsOf(pid: number): KernelObjects {
  const found = { prog_id: new Set<number>(), map_id: new Set<number>(), link_id: new Set<number>() };
  for (const fd of unlessGone(() => readdirSync(`/proc/${pid}/fdinfo`), [])) {
    const text = unlessGone(() => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'utf8'), '');
    // A link also shows its prog_id; a program only its own.
    for (const key of ['prog_id', 'map_id', 'link_id'] as const) {
      const id = new RegExp(`^${key}:\\s*(\\d+)`, 'm').exec(text)?.[1];
      if (id !== undefined) found[key].add(Number(id));
    }
  }
  return { programs: [...found.prog_id], maps: [...found.map_id], links: [...found.link_id] };
}

/** A process may end, and a descriptor be closed, between listing and reading. */
function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return otherwise;
    throw error;
  }
}

/** Those of the objects that the kernel still has. */
export function remaining(objects: KernelObjects): KernelObjects {
  const present = (kind: 'prog' | 'map' | 'link'): Set<number> =>
    new Set((JSON.parse(run('bpftool', ['-j', kind, 'show'])) as { id: number }[]).map(({ id }) => id));
  const [programs, maps, links] = [present('prog'), present('map'), present('link')];
  return {
    programs: objects.programs.filter((id) => programs.has(id)),
    maps: objects.maps.filter((id) => maps.has(id)),
    links: objects.links.filter((id) => links.has(id)),
  };
}

export const NO_OBJECTS: KernelObjects = { programs: [], maps: [], links: [] };
