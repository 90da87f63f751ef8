/** Pods that come, talk at once and go, several a second, each with what its interface counted. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { CommandFailed, delay, until } from './commands.ts';
import type { Lab } from './lab.ts';
import { nativeProgram } from './nativePrograms.ts';
import { batch } from './network.ts';
import { linksByInterface } from '../../agent/native/test/tcxLinks.ts';

export interface ChurnOptions {
  readonly seconds: number;
  readonly perSecond: number;
  /** Of the agent. */
  readonly pid: number;
}

/**
 * A pod that has come and gone; packets as its host interface counted them: `in` from the pod, `out` to it. `dropped` found
 * the other end down, after they had passed the hook.
 */
export interface ChurnedPod {
  readonly name: string;
  readonly ifindex: number;
  readonly in: number;
  readonly out: number;
  readonly dropped: number;
  /** Those that passed before both links were seen on the interface: counted or not. */
  readonly earlyIn: number;
  readonly earlyOut: number;
  /** performance.now() after its interface was made, and after it was gone. */
  readonly made: number;
  readonly gone: number;
}

/** What the pod's own end had counted before it sent a round of datagrams. */
interface Round {
  readonly received: number;
  readonly sent: number;
}

/** Indexes that no other interface of the lab has, so that links are told apart without their namespace. */
const FIRST_IFINDEX = 5000;
const GATEWAY = '10.77.0.1';
const PORT = 7777;
/** Datagrams that are answered before, and after, the links are seen. */
const ECHOES = 3;
/** Milliseconds that a pod stays after it has talked. */
const STAYS = 300;

export const churnName = (number: number): string => `churn${number}`;

/** Namespaces of a churn, to be taken down with the lab. */
export function churnNamespaces(lab: Lab, { seconds, perSecond }: Omit<ChurnOptions, 'pid'>): string[] {
  return Array.from({ length: seconds * perSecond }, (_, number) => namespaceOf(lab, number));
}

/** Runs it to its end: all pods are gone. */
export async function churnPods(lab: Lab, options: ChurnOptions): Promise<ChurnedPod[]> {
  const { node, bridge } = lab.plan;
  batch(node.netns, [`addr add ${GATEWAY}/16 dev ${bridge.name}`]);
  const echo = lab.spawn(lab.nodePlace, nativeProgram('churnPod'), ['echo', String(PORT)]);
  await linesOf(echo).next();
  const pods: Promise<ChurnedPod>[] = [];
  const begin = performance.now();
  for (let number = 0; number < options.seconds * options.perSecond; number += 1) {
    await delay(Math.max(0, begin + (number * 1000) / options.perSecond - performance.now()));
    const pod = churnPod(lab, number, options.pid);
    // Awaited below; until then its failure is no unhandled one.
    pod.catch(() => undefined);
    pods.push(pod);
  }
  try {
    return await Promise.all(pods);
  } finally {
    // Those of a failed churn, too, end before the lab does.
    await Promise.allSettled(pods);
    echo.kill('SIGKILL');
  }
}

async function churnPod(lab: Lab, number: number, agent: number): Promise<ChurnedPod> {
  const { node, bridge } = lab.plan;
  const [name, netns, ifindex] = [churnName(number), namespaceOf(lab, number), FIRST_IFINDEX + number];
  // Not in the batch: with -n its mount would be seen by that process alone.
  await execute('ip', ['netns', 'add', netns]);
  await ip(node.netns, [
    `link add ${name} index ${ifindex} type veth peer name eth0 netns ${netns}`,
    `link set ${name} addrgenmode none`,
    `link set ${name} master ${bridge.name} up`,
  ]);
  const made = performance.now();
  const address = `10.77.${1 + (number >> 8)}.${number & 255}`;
  const place = { netns, cgroup: lab.nodePlace.cgroup };
  const program = lab.spawn(place, nativeProgram('churnPod'), [
    'pod',
    address,
    GATEWAY,
    String(PORT),
    String(ECHOES),
  ]);
  const lines = linesOf(program);
  const round = async (): Promise<Round> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${name} ended at once`);
    return JSON.parse(line.value) as Round;
  };
  await round();
  await attached(agent, ifindex);
  program.stdin?.write('again\n');
  // Its own end of the same veth: what it sent came in at the host's.
  const early = await round();
  await delay(STAYS);
  program.stdin?.end();
  if (program.exitCode === null) await once(program, 'exit');
  const [link] = JSON.parse(
    await ip(node.netns, [`link set ${name} down`, `link show dev ${name}`], ['-json', '-statistics']),
  ) as [{ stats64: Record<'rx' | 'tx', { packets: number; dropped: number }> }];
  await ip(node.netns, [`link del ${name}`]);
  await execute('ip', ['netns', 'del', netns]);
  const { rx, tx } = link.stats64;
  return {
    name,
    ifindex,
    in: rx.packets,
    out: tx.packets,
    dropped: tx.dropped,
    earlyIn: early.sent,
    earlyOut: early.received,
    made,
    gone: performance.now(),
  };
}

async function attached(agent: number, ifindex: number): Promise<void> {
  await until(`the agent to attach to interface ${ifindex}`, 20, () =>
    linksByInterface(agent).get(ifindex) === 2 ? true : null,
  );
}

/** Runs lines of iproute2's batch language without holding up the other pods. */
function ip(netns: string, lines: readonly string[], options: readonly string[] = []): Promise<string> {
  return execute('ip', ['-n', netns, ...options, '-batch', '-'], `${lines.join('\n')}\n`);
}

async function execute(command: string, args: readonly string[], input?: string): Promise<string> {
  const child = spawn(command, args, { stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'] });
  let [output, messages] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (messages += text));
  child.stdin?.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new CommandFailed([command, ...args], code, `${messages} in ${input ?? ''}`);
  return output;
}

/** What a program says. */
function linesOf({ stdout }: ChildProcess): AsyncIterator<string, undefined> {
  if (stdout === null) throw new Error('its output is not read');
  return createInterface({ input: stdout })[Symbol.asyncIterator]();
}

function namespaceOf(lab: Lab, number: number): string {
  return `${lab.plan.id}-${churnName(number)}`;
}
