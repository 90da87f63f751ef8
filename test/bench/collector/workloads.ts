/**
 * Traffic that is measured under, from the client pod to the host outside: each packet passes three hooks. The node's
 * packet filter is emptied first, so that the hooks are a large part of what a packet costs and a connection is one flow.
 */
import { text } from 'node:stream/consumers';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { run, runIn } from '../../lab/commands.ts';
import type { Lab } from '../../lab/lab.ts';
import { POD_RANGE, UPLINK } from '../../lab/plan.ts';
import { objectPath, programPath } from './programs.ts';
import type { Program } from './programs.ts';

export const WORKLOADS = {
  hot: 'hot UDP flow',
  ping: 'TCP ping-pong',
  bulk: 'bulk TCP',
  short: 'short TCP connections',
  new: 'new UDP flows',
} as const;
export type Workload = keyof typeof WORKLOADS;

export const HOT_PACKETS = 200_000;
const ROUND_TRIPS = 30_000;
const BULK_MEGABYTES = 1500;
const CONNECTIONS = 20_000;
const NEW_FLOWS = { ports: 50_000, sockets: 2, packets: 3 };
const TCP_PORT = 7000;
const FIRST_UDP_PORT = 10_000;
const FIRST_LOCAL_PORT = 10_000;

/** What one run of a workload makes; the new flows take another source port each time. */
export const FLOWS: Readonly<Record<Workload, number>> = {
  hot: 1,
  ping: 1,
  bulk: 1,
  short: CONNECTIONS,
  new: NEW_FLOWS.ports * NEW_FLOWS.sockets,
};

/** Lets the host outside answer TCP and swallow UDP. */
export async function prepare(lab: Lab): Promise<void> {
  const { node, outside } = lab.plan;
  runIn(node.netns, 'nft', ['flush', 'ruleset']);
  runIn(node.netns, 'sysctl', ['-qw', 'net.bridge.bridge-nf-call-iptables=0']);
  run('ip', ['-n', outside.netns, 'route', 'add', POD_RANGE.ipv4, 'via', node.addresses.ipv4]);
  swallow(outside.netns);
  const server = lab.spawn(lab.outsidePlace, programPath('tcp_server'), [String(TCP_PORT)]);
  if (!server.stdout) throw new Error('the server has no output');
  await once(createInterface({ input: server.stdout }), 'line');
}

function swallow(netns: string): void {
  run('tc', ['-n', netns, 'qdisc', 'add', 'dev', UPLINK, 'clsact']);
  const program = ['bpf', 'direct-action', 'object-file', objectPath('swallow'), 'section', 'tc'];
  run('tc', ['-n', netns, 'filter', 'add', 'dev', UPLINK, 'ingress', ...program]);
}

/** What a sender tells. */
export interface Played {
  /** Packets, connections or bytes a second. */
  readonly rate?: number;
  /** Microseconds of a round trip; of the ping-pong, which has no rate. */
  readonly p50?: number;
  readonly p99?: number;
}

export async function play(lab: Lab, workload: Workload): Promise<Played> {
  const address = lab.plan.outside.addresses.ipv4;
  switch (workload) {
    case 'hot':
      return send(lab, 'udp_send', [address, FIRST_UDP_PORT, 1, 1, HOT_PACKETS]);
    case 'new': {
      const { ports, sockets, packets } = NEW_FLOWS;
      return send(lab, 'udp_send', [address, FIRST_UDP_PORT, ports, sockets, packets]);
    }
    case 'short':
      return send(lab, 'tcp_connect', [address, TCP_PORT, CONNECTIONS, FIRST_LOCAL_PORT]);
    case 'bulk':
      return send(lab, 'tcp_bulk', [address, TCP_PORT + 1, BULK_MEGABYTES]);
    case 'ping':
      return send(lab, 'tcp_pingpong', [address, TCP_PORT, ROUND_TRIPS]);
  }
}

async function send(lab: Lab, program: Program, args: readonly (string | number)[]): Promise<Played> {
  const child = lab.spawn(lab.placeOf(lab.pod('client')), programPath(program), args.map(String));
  if (!child.stdout) throw new Error(`${program} has no output`);
  const [output] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  if (child.exitCode !== 0) throw new Error(`${program} failed; its message is above`);
  return JSON.parse(output) as Played;
}
