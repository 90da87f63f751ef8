/** The network of a new pod as it is made: what `ip monitor` says of it, line by line, in the order of the steps that are told. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { PodNetwork, StepKind } from '../../../src/model/podNetwork/networkStep.ts';
import { netnsPath } from '../../lab/commands.ts';
import { poll } from '../poll.ts';

/** One line of `ip monitor`. */
export interface Event {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Of the namespace where it happened; null for the node's own. */
  readonly nsid: number | null;
  readonly text: string;
}

/** Follows the namespace and all that it has ids for. */
export class IpMonitor {
  readonly #child;
  #output = '';

  private constructor(netns: string) {
    const args = [`--net=${netnsPath(netns)}`, '--', 'ip', '-ts', '-o', 'monitor', 'all-nsid'];
    this.#child = spawn('nsenter', args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TZ: 'UTC' },
    });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  /** Returns when it hears: it is asked to hear something, `prompt`, until it does. */
  static async start(netns: string, prompt: () => void): Promise<IpMonitor> {
    const monitor = new IpMonitor(netns);
    const hears = (): boolean => {
      prompt();
      return monitor.#output !== '';
    };
    await poll('ip monitor to hear', hears, { timeout: 20_000, interval: 200 });
    return monitor;
  }

  get events(): Event[] {
    return this.#output.split('\n').flatMap((line) => {
      const found = /^\[([\d-]+)T([\d:.]+)\] \[nsid (\d+|current)\](.*)$/.exec(line);
      if (found === null) return [];
      const [, day = '', time = '', nsid = '', text = ''] = found;
      return [{ time: Date.parse(`${day}T${time}Z`), nsid: nsid === 'current' ? null : Number(nsid), text }];
    });
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const closed = once(this.#child, 'close');
    this.#child.kill('SIGTERM');
    await closed;
  }
}

/** Which event made what a step tells, by its place among all; null for steps that none tells of. */
export function placesOf(
  network: PodNetwork,
  events: readonly Event[],
  ends: WireEnds,
): Map<StepKind, number> {
  const { outside, inside, address, nsid } = ends;
  const onNode = (pattern: RegExp) => (event: Event) => event.nsid === null && pattern.test(event.text);
  const inPod = (pattern: RegExp) => (event: Event) => event.nsid === nsid && pattern.test(event.text);
  const first = (test: (event: Event) => boolean): number => events.findIndex(test);
  const wire = new RegExp(`^\\d+: ${outside}@`);
  const up = (name: string): RegExp => new RegExp(`^\\d+: ${name}@\\S+ <[^>]*\\bUP\\b`);
  const places: readonly (readonly [StepKind, number])[] = [
    ['veth-pair', first(onNode(wire))],
    [
      'move',
      wasMoved(events, ends) ? first(onNode(MOVED)) : first(onNode(new RegExp(`^\\d+: ${outside}@if\\d+`))),
    ],
    ['address', first(inPod(new RegExp(`\\binet ${address}/`)))],
    ['up', Math.max(first(onNode(up(outside))), first(inPod(up(inside))))],
    ['bridge-port', first(onNode(new RegExp(`^\\d+: ${outside}@.* master `)))],
    ['pod-routes', first(inPod(/^default via /))],
    ['node-route', first(onNode(new RegExp(`^${address} dev ${outside}`)))],
  ];
  const told = new Set(network.steps.filter(({ scope }) => scope === 'pod').map(({ kind }) => kind));
  return new Map(places.filter(([kind]) => told.has(kind)));
}

export interface WireEnds {
  readonly outside: string;
  readonly inside: string;
  /** Index of the pod's end. */
  readonly insideIndex: number;
  readonly address: string;
  /** The id that the node has for the pod's namespace. */
  readonly nsid: number;
}

const MOVED = /^Deleted \d+: .* new-netns/;

/** Whether the pod's end left the node's namespace for the pod's. */
export function wasMoved(events: readonly Event[], { insideIndex }: WireEnds): boolean {
  return events.some(
    ({ nsid, text }) => nsid === null && MOVED.test(text) && text.startsWith(`Deleted ${insideIndex}: `),
  );
}
