/** Interfaces that appear and vanish while the agent observes: pods with their veth, and a tunnel. */
import { randomBytes } from 'node:crypto';
import { run, until } from '../lab/commands.ts';
import { addTunnel, openTunnel, removeTunnel } from '../lab/extras.ts';
import type { Tunnel } from '../lab/extras.ts';
import type { Lab, Place } from '../lab/lab.ts';
import { batch, quieten } from '../lab/network.ts';
import { interfaceStatistics } from '../lab/truth/interfaceStatistics.ts';
import type { AgentRun } from './agentRun.ts';
import type { HookCounters } from './hookCounters.ts';
import { podLoad } from './labLoad.ts';

/** Indexes that no other interface of the lab has, so that the agent's links are told apart without their namespace. */
const FIRST_IFINDEX = 1000;
const PASSING: Omit<Tunnel, 'name' | 'vni'> = {
  port: 8472,
  underlay: 'ipv4',
  node: { ipv4: '10.50.200.2', ipv6: 'fd00:50:200::2' },
  outside: { ipv4: '10.50.200.1', ipv6: 'fd00:50:200::1' },
};

/** What watches a namespace. */
export interface Watchers {
  readonly node: HookCounters;
  readonly outside: HookCounters;
}

export class Comings {
  readonly #lab: Lab;
  readonly #agent: AgentRun;
  readonly #counters: Watchers;
  readonly #netns: string;
  #ifindex = FIRST_IFINDEX;

  constructor(lab: Lab, agent: AgentRun, counters: Watchers) {
    this.#lab = lab;
    this.#agent = agent;
    this.#counters = counters;
    this.#netns = passingNamespace(lab);
  }

  /** A pod comes, talks and goes while it still talks. */
  async pod(round: number): Promise<void> {
    const { node, bridge } = this.#lab.plan;
    const ifindex = this.#ifindex++;
    const name = `pod${ifindex}`;
    run('ip', ['netns', 'add', this.#netns]);
    quieten(this.#netns);
    batch(node.netns, [
      `link add ${name} index ${ifindex} type veth peer name eth0 netns ${this.#netns}`,
      `link set ${name} addrgenmode none`,
    ]);
    this.#counters.node.add(name, ifindex);
    await this.#attached(ifindex, 2);
    batch(node.netns, [`link set ${name} master ${bridge.name} up`]);
    const host = 100 + (round % 100);
    batch(this.#netns, [
      `addr add 10.244.0.${host}/24 dev eth0`,
      `addr add fd00:10:244::${host}/64 dev eth0 nodad`,
      'link set eth0 up',
      `route add default via ${bridge.addresses.ipv4}`,
    ]);
    const place: Place = { netns: this.#netns, cgroup: this.#lab.nodePlace.cgroup };
    await podLoad(this.#lab, place);
    run('ip', ['-n', node.netns, 'link', 'del', name]);
    run('ip', ['netns', 'del', this.#netns]);
    await this.#attached(ifindex, 0);
  }

  /** A tunnel comes and goes at both ends. */
  async tunnel(round: number): Promise<void> {
    const name = `vx${randomBytes(3).toString('hex')}`;
    const tunnel: Tunnel = { ...PASSING, name, vni: 1000 + (round % 1000) };
    const links = this.#agent.attachments().length;
    addTunnel(this.#lab, tunnel);
    this.#counters.node.add(name, ifindexOf(this.#lab.plan.node.netns, name));
    this.#counters.outside.add(name, ifindexOf(this.#lab.plan.outside.netns, name));
    await until(`the agent to attach to both ends of ${name}`, 20, () =>
      this.#agent.attachments().length === links + 4 ? true : null,
    );
    openTunnel(this.#lab, tunnel);
    for (const address of Object.values(tunnel.outside)) {
      this.#lab.run(this.#lab.nodePlace, 'busybox', ['ping', '-q', '-A', '-c', '20', '-w', '2', address]);
    }
    removeTunnel(this.#lab, tunnel);
    await until(`the agent to let go of ${name}`, 20, () =>
      this.#agent.attachments().length === links ? true : null,
    );
  }

  async #attached(ifindex: number, links: number): Promise<void> {
    await until(`the agent to have ${links} links at interface ${ifindex}`, 20, () =>
      this.#agent.attachments().filter((one) => one === ifindex).length === links ? true : null,
    );
  }
}

export const passingNamespace = (lab: Lab): string => `${lab.plan.id}-passing`;

function ifindexOf(netns: string, name: string): number {
  const found = interfaceStatistics(netns).find((one) => one.name === name);
  if (!found) throw new Error(`${netns} has no interface ${name}`);
  return found.ifindex;
}
