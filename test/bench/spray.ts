/** Many flows at a set pace from the client pod to the host outside. */
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { runIn } from '../lab/commands.ts';
import type { Lab } from '../lab/lab.ts';

const SPRAY = fileURLToPath(new URL('../lab/programs/udpSpray.ts', import.meta.url));

/** Lets the host outside swallow what is sprayed without an answer and without connection tracking. */
export function prepare(lab: Lab): void {
  const range = ['-p', 'udp', '--dport', '10000:60000', '-j'];
  runIn(lab.plan.outside.netns, 'iptables', ['-A', 'INPUT', ...range, 'DROP']);
  runIn(lab.plan.node.netns, 'iptables', ['-t', 'raw', '-A', 'PREROUTING', ...range, 'NOTRACK']);
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
