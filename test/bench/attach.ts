/**
 * How long after the kernel's word of a new interface both directions count there, and how long JavaScript's thread is held
 * up: by the threads that follow interfaces, and by calls of attach() from JavaScript as the events come.
 */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import type { Collector, NetworkNamespace } from '../../agent/native/index.d.ts';
import { loadPayload } from '../../agent/src/collector/addon.ts';
import { delay, netnsPath, run, until } from '../lab/commands.ts';
import { removeNetwork } from '../lab/network.ts';
import { markdown } from './figures.ts';
import type { Result } from './figures.ts';

const ROUNDS = { 1: 20, 10: 6 };
const FIRST_IFINDEX = 100;
/** Milliseconds in which nothing is attached and the kernel is at rest again. */
const PAUSE = 300;

/** Attaches to what comes. `attached` has the wall time by ifindex, milliseconds. */
interface Contender {
  readonly name: string;
  readonly attached: Map<number, number>;
  close(): void;
}

type Start = (collector: Collector, netns: NetworkNamespace) => Contender;

const CONTENDERS: readonly Start[] = [byCalls, byFollowing];

export async function measureAttach(): Promise<Result> {
  const rows: string[][] = [
    ['ms', 'one: median', '95 %', 'ten at once: median', '95 %', 'thread held up, at most'],
  ];
  for (const start of CONTENDERS) rows.push(await measure(start));
  return { tables: [markdown(rows)], figures: [] };
}

function byCalls(collector: Collector, netns: NetworkNamespace): Contender {
  const attached = new Map<number, number>();
  const watch = netns.watch(({ kind, removed, ifindex, nsid }) => {
    if (kind !== 'link' || nsid >= 0) return;
    if (removed) attached.delete(ifindex);
    if (removed || attached.has(ifindex)) return;
    if (!netns.links().some((link) => link.ifindex === ifindex)) return;
    for (const direction of ['ingress', 'egress'] as const) collector.attach(netns, ifindex, direction);
    attached.set(ifindex, wallTime());
  });
  return { name: 'calls from JavaScript', attached, close: () => watch.close() };
}

function byFollowing(collector: Collector, netns: NetworkNamespace): Contender {
  const attached = new Map<number, number>();
  const follower = collector.follow(netns, [], () => {
    for (const change of follower.take()) {
      if (change.kind === 'attached') attached.set(change.ifindex, change.time);
    }
  });
  return { name: 'threads that follow', attached, close: () => follower.close() };
}

async function measure(start: Start): Promise<string[]> {
  const { addon, objectPath } = loadPayload();
  const name = `va${process.pid.toString(36)}${randomBytes(2).toString('hex')}`;
  const pods = `${name}p`;
  for (const one of [name, pods]) run('ip', ['netns', 'add', one]);
  const netns = new addon.NetworkNamespace(netnsPath(name));
  const collector = new addon.Collector({ objectPath, maxFlows: 1024, ringBytes: 1 << 16 });
  const told = new ToldLinks(name);
  const contender = start(collector, netns);
  const held = monitorEventLoopDelay({ resolution: 1 });
  try {
    await delay(PAUSE);
    held.enable();
    const times = { 1: [] as number[], 10: [] as number[] };
    let ifindex = FIRST_IFINDEX;
    for (const count of [1, 10] as const) {
      for (let round = 0; round < ROUNDS[count]; round += 1) {
        const indexes = Array.from({ length: count }, () => ifindex++);
        await make(name, pods, indexes);
        await until('all to be attached', 20, () =>
          indexes.every((one) => contender.attached.has(one) && told.at.has(one)) ? true : null,
        );
        times[count].push(
          ...indexes.map((one) => (contender.attached.get(one) ?? 0) - (told.at.get(one) ?? 0)),
        );
        await delay(PAUSE);
      }
    }
    held.disable();
    const quantiles = ([1, 10] as const).flatMap((count) => [
      quantile(times[count], 0.5),
      quantile(times[count], 0.95),
    ]);
    return [contender.name, ...quantiles.map((value) => value.toFixed(1)), (held.max / 1e6).toFixed(1)];
  } finally {
    contender.close();
    told.close();
    collector.close();
    netns.close();
    removeNetwork([name, pods]);
  }
}

/** Without holding up this thread, which is measured. */
async function make(netns: string, pods: string, indexes: readonly number[]): Promise<void> {
  const lines = indexes.map(
    (index) => `link add v${index} index ${index} type veth peer name p${index} netns ${pods}`,
  );
  const child = spawn('ip', ['-n', netns, '-batch', '-'], { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin.end(`${lines.join('\n')}\n`);
  await once(child, 'close');
}

/** When iproute2 heard of each interface, milliseconds of wall time. */
class ToldLinks {
  readonly at = new Map<number, number>();
  readonly #monitor: ChildProcess;

  constructor(netns: string) {
    this.#monitor = spawn('ip', ['-n', netns, '-tshort', 'monitor', 'link'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TZ: 'UTC' },
    });
    if (this.#monitor.stdout === null) throw new Error('ip monitor has no output');
    createInterface({ input: this.#monitor.stdout }).on('line', (line) => {
      const [, time, micros, ifindex] = /^\[(\S+)\.(\d{6})\]\s*(\d+):/.exec(line) ?? [];
      if (time === undefined || this.at.has(Number(ifindex))) return;
      this.at.set(Number(ifindex), Date.parse(`${time}Z`) + Number(micros) / 1000);
    });
  }

  close(): void {
    this.#monitor.kill();
  }
}

function wallTime(): number {
  return performance.timeOrigin + performance.now();
}

function quantile(values: readonly number[], part: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(part * (sorted.length - 1))] ?? NaN;
}
