/** What is compared at the same hooks: nothing, a bare hash counter, and the collector under its agent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { netnsPath, run } from '../lab/commands.ts';
import type { Lab } from '../lab/lab.ts';
import { Observation, SHIPPED_COMMAND } from '../lab/observe.ts';
import { interfaceStatistics } from '../lab/truth/interfaceStatistics.ts';

export interface Contender {
  /** Kernel ids of its programs. */
  readonly programs: readonly number[];
  end(): Promise<unknown>;
}

export const CONTENDERS = ['empty program', 'bare hash counter', 'collector'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

/** `npm run build:native` compiles the reference programs to here. */
const PROGRAMS = resolve(import.meta.dirname, '../../.cache/bench');
const LOADER = join(PROGRAMS, 'attach');

/** Compiles what attaches the reference programs. */
export function compileLoader(): void {
  if (!existsSync(join(PROGRAMS, 'empty.o'))) throw new Error('not built: run `npm run build:native`');
  run('gcc', ['-O2', '-Wall', join(import.meta.dirname, 'programs/attach.c'), '-lbpf', '-o', LOADER]);
}

/** Attached to every interface of the lab's node when it returns. */
export async function start(name: ContenderName, lab: Lab): Promise<Contender> {
  if (name === 'collector') return startCollector(lab);
  return attach(lab, join(PROGRAMS, name === 'empty program' ? 'empty.o' : 'bare_counter.o'));
}

async function startCollector(lab: Lab): Promise<Contender> {
  const observation = await Observation.start(lab, 600, SHIPPED_COMMAND);
  return { programs: observation.objects().programs, end: () => observation.kill() };
}

async function attach(lab: Lab, object: string): Promise<Contender> {
  const { netns } = lab.plan.node;
  const interfaces = interfaceStatistics(netns).map(({ ifindex }) => String(ifindex));
  const child = spawn(LOADER, [object, netnsPath(netns), ...interfaces], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const end = async (): Promise<void> => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  };
  for await (const line of createInterface({ input: child.stdout })) {
    return { programs: line.trim().split(' ').map(Number), end };
  }
  throw new Error(`${object} was not attached; the reason is above`);
}
