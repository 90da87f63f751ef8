/** What is compared at the same hooks: nothing, a bare hash counter, and the collector under its agent. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { netnsPath, run } from '../lab/commands.ts';
import type { Lab } from '../lab/lab.ts';
import { Observation } from '../lab/observe.ts';
import { interfaceStatistics } from '../lab/truth/interfaceStatistics.ts';

export interface Contender {
  /** Kernel ids of its programs. */
  readonly programs: readonly number[];
  end(): Promise<unknown>;
}

export const CONTENDERS = ['empty program', 'bare hash counter', 'collector'] as const;
export type ContenderName = (typeof CONTENDERS)[number];

const SOURCE = join(import.meta.dirname, 'programs');
const BUILT = resolve(import.meta.dirname, '../../dist/bench');

/** Compiles what is newer than its result. */
export function compilePrograms(): void {
  mkdirSync(BUILT, { recursive: true });
  const multiarch = `-I/usr/include/${run('gcc', ['-dumpmachine']).trim()}`;
  for (const name of ['empty', 'hash']) {
    const [from, to] = [join(SOURCE, `${name}.bpf.c`), join(BUILT, `${name}.bpf.o`)];
    if (isStale(from, to)) run('clang', ['-O2', '-g', '-target', 'bpf', multiarch, '-c', from, '-o', to]);
  }
  const [from, to] = [join(SOURCE, 'attach.c'), join(BUILT, 'attach')];
  if (isStale(from, to)) run('gcc', ['-O2', '-Wall', from, '-lbpf', '-o', to]);
}

function isStale(from: string, to: string): boolean {
  return !existsSync(to) || statSync(to).mtimeMs < statSync(from).mtimeMs;
}

/** Attached to every interface of the lab's node when it returns. */
export async function start(name: ContenderName, lab: Lab): Promise<Contender> {
  if (name === 'collector') return startCollector(lab);
  return attach(lab, join(BUILT, name === 'empty program' ? 'empty.bpf.o' : 'hash.bpf.o'));
}

async function startCollector(lab: Lab): Promise<Contender> {
  const observation = await Observation.start(lab, 600);
  return { programs: observation.objects().programs, end: () => observation.kill() };
}

async function attach(lab: Lab, object: string): Promise<Contender> {
  const { netns } = lab.plan.node;
  const interfaces = interfaceStatistics(netns).map(({ ifindex }) => String(ifindex));
  const child = spawn(join(BUILT, 'attach'), [object, netnsPath(netns), ...interfaces], {
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
