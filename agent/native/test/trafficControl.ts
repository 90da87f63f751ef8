import { resolve } from 'node:path';

import type { Direction } from '../index.d.ts';
import { run } from './vethPair.ts';
import type { End } from './vethPair.ts';

/** An object of two programs that do nothing and let everything pass. */
export const emptyObject = resolve(import.meta.dirname, '../../../.cache/bench/empty.o');

/** A legacy BPF filter, as `tc` prints it. */
export interface Filter {
  priority: number;
  handle: string;
  name: string;
  programId: number;
}

interface TcFilter {
  pref: number;
  kind: string;
  options?: { handle: string; bpf_name: string; prog?: { id: number } };
}

export function filters(end: End, direction: Direction): Filter[] {
  const output = end.run('tc', '-j', 'filter', 'show', 'dev', end.name, direction);
  return (JSON.parse(output) as TcFilter[]).flatMap(({ pref, kind, options }) =>
    kind === 'bpf' && options?.prog
      ? [
          {
            priority: pref,
            handle: options.handle,
            name: options.bpf_name,
            programId: options.prog.id,
          },
        ]
      : [],
  );
}

/** Adds a filter of another tool. @param place for example prio 1, or nothing: then the kernel chooses */
export function addFilter(end: End, direction: Direction, ...place: string[]): void {
  const program = ['bpf', 'object-file', emptyObject, 'section', 'tc', 'direct-action'];
  end.run('tc', 'filter', 'add', 'dev', end.name, direction, ...place, ...program);
}

/** Everything of an interface that other tools can see of programs and filters. */
export function snapshot(end: End): Record<'qdiscs' | 'ingress' | 'egress' | 'programs', string> {
  const tc = (...args: string[]): string => end.run('tc', ...args);
  return {
    qdiscs: tc('qdisc', 'show', 'dev', end.name),
    ingress: tc('filter', 'show', 'dev', end.name, 'ingress'),
    egress: tc('filter', 'show', 'dev', end.name, 'egress'),
    programs: end.run('bpftool', '-j', 'net', 'show', 'dev', end.name),
  };
}

/** How often a program ran while the kernel's statistics were on. */
export function runCount(programId: number): number {
  const output = run('bpftool', '-j', 'prog', 'show', 'id', String(programId));
  return (JSON.parse(output) as { run_cnt?: number }).run_cnt ?? 0;
}

/** Id of a program's map by its name. */
export function mapOf(programId: number, name: string): number {
  const output = run('bpftool', '-j', 'prog', 'show', 'id', String(programId));
  const { map_ids: ids } = JSON.parse(output) as { map_ids: number[] };
  const found = ids.find((id) => {
    const map = JSON.parse(run('bpftool', '-j', 'map', 'show', 'id', String(id))) as { name?: string };
    return map.name === name;
  });
  if (found === undefined) throw new Error(`program ${programId} has no map ${name}`);
  return found;
}
