import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';

import type { NetworkNamespace } from '../index.d.ts';
import { addon } from './addon.ts';

/** A program's instructions are printed in some megabytes. */
const MOST_OUTPUT = 64 << 20;

/** Runs a command and gives its output; throws with its messages. */
export function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: MOST_OUTPUT,
  });
}

/** One end of the pair: a namespace with one interface. */
export interface End {
  /** Name of namespace and of interface. */
  readonly name: string;
  readonly path: string;
  readonly netns: NetworkNamespace;
  readonly ifindex: number;
  readonly ipv4: string;
  readonly ipv6: string;
  /** Runs a command inside. */
  run(command: string, ...args: string[]): string;
}

/** Counters that the kernel itself keeps of an interface, as `ip -s link` prints them. */
export interface LinkStatistics {
  rx: { packets: number; bytes: number };
  tx: { packets: number; bytes: number };
}

function makeEnd(name: string, number: number): End {
  const path = `/run/netns/${name}`;
  const inside = (command: string, ...args: string[]): string =>
    run('ip', 'netns', 'exec', name, command, ...args);
  // No packets but the test's: no router solicitation, no duplicate address detection, no multicast reports later.
  const quiet = [
    'router_solicitations=0',
    'accept_dad=0',
    'addr_gen_mode=1',
    'mldv2_unsolicited_report_interval=1',
  ];
  for (const setting of quiet) inside('sysctl', '-q', '-w', `net.ipv6.conf.${name}.${setting}`);
  inside('ip', 'link', 'set', 'lo', 'up');
  inside('ip', 'address', 'add', `10.9.9.${number}/24`, 'dev', name);
  inside('ip', 'address', 'add', `fd09::${number}/64`, 'dev', name, 'nodad');
  inside('ip', 'link', 'set', name, 'up');
  const netns = new addon.NetworkNamespace(path);
  const ifindex = netns.links().find((link) => link.name === name)?.ifindex ?? 0;
  return { name, path, netns, ifindex, ipv4: `10.9.9.${number}`, ipv6: `fd09::${number}`, run: inside };
}

/** Two namespaces joined by a veth pair, under names of their own. */
export class VethPair {
  readonly left: End;
  readonly right: End;

  constructor() {
    const id = `vn${process.pid.toString(36)}${randomBytes(3).toString('hex')}`;
    const [left, right] = [`${id}l`, `${id}r`];
    try {
      for (const name of [left, right]) run('ip', 'netns', 'add', name);
      run('ip', 'link', 'add', left, 'netns', left, 'type', 'veth', 'peer', 'name', right, 'netns', right);
      this.left = makeEnd(left, 1);
      this.right = makeEnd(right, 2);
    } catch (error) {
      for (const name of [left, right]) run('ip', 'netns', 'delete', name);
      throw error;
    }
  }

  remove(): void {
    for (const end of [this.left, this.right]) {
      end.netns.close();
      run('ip', 'netns', 'delete', end.name);
    }
  }
}

export function linkStatistics(end: End): LinkStatistics {
  const [link] = JSON.parse(end.run('ip', '-j', '-s', 'link', 'show', 'dev', end.name)) as {
    stats64: LinkStatistics;
  }[];
  if (!link) throw new Error(`no link ${end.name}`);
  return link.stats64;
}
