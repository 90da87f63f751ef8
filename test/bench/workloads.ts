/** Traffic that is measured under, from the client pod to the host outside: each packet passes three hooks. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runIn } from '../lab/commands.ts';
import type { Lab } from '../lab/lab.ts';
import { exchange, sendDatagrams, serve } from '../lab/traffic.ts';

const SPRAY = fileURLToPath(new URL('../lab/programs/udpSpray.ts', import.meta.url));

export const WORKLOADS = ['hot UDP flow', 'new UDP flows', 'TCP bulk'] as const;
export type Workload = (typeof WORKLOADS)[number];

/** Lets the host outside serve, and swallow what is sprayed without an answer and without connection tracking. */
export async function prepare(lab: Lab): Promise<void> {
  await serve(lab, lab.outsidePlace, 9000, 9001);
  const range = ['-p', 'udp', '--dport', '10000:60000', '-j'];
  runIn(lab.plan.outside.netns, 'iptables', ['-A', 'INPUT', ...range, 'DROP']);
  runIn(lab.plan.node.netns, 'iptables', ['-t', 'raw', '-A', 'PREROUTING', ...range, 'NOTRACK']);
}

export async function play(lab: Lab, workload: Workload): Promise<void> {
  const client = lab.placeOf(lab.pod('client'));
  const address = lab.plan.outside.addresses.ipv4;
  if (workload === 'hot UDP flow') {
    sendDatagrams(lab, client, { address, port: 9001, count: 150_000, size: 64, localPort: 0, echo: false });
  } else if (workload === 'new UDP flows') {
    await spray(lab, { sockets: 1, ports: 30_000 }, [0]);
  } else {
    exchange(lab, client, { address, port: 9000 }, { send: 400_000_000, receive: 1 });
  }
}

/** Number of distinct flows: local sockets times ports. */
export interface Spray {
  readonly sockets: number;
  readonly ports: number;
}

/**
 * Distinct UDP flows from the client pod, one datagram each for every pace (datagrams a millisecond, 0 for as fast as it
 * goes). Calls back after each pass.
 */
export async function spray(
  lab: Lab,
  { sockets, ports }: Spray,
  paces: readonly number[],
  passed: (pass: number) => void = () => undefined,
): Promise<void> {
  const numbers = [sockets, ports, ...paces].map(String);
  const args = [SPRAY, lab.plan.outside.addresses.ipv4, ...numbers];
  const child = lab.spawn(lab.placeOf(lab.pod('client')), process.execPath, args);
  if (!child.stdout) throw new Error('the sender has no output');
  let passes = 0;
  for await (const line of createInterface({ input: child.stdout })) if (line) passed(++passes);
  if (passes !== paces.length) throw new Error(`the sender ended after ${passes} of ${paces.length} passes`);
}
