/** A node as full as Kubernetes allows, of network namespaces: 110 pods, 250 interfaces. */
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { run } from '../lab/commands.ts';
import { batch, removeNetwork } from '../lab/network.ts';

export const PODS = 110;
export const INTERFACES = 250;
/** lo and the bridge. */
const OWN = 2;

/** A bridge with a veth for each of the pods, each of which has a process, and further interfaces. */
export class FullNode {
  readonly name = `vb${process.pid.toString(36)}${randomBytes(2).toString('hex')}`;
  readonly #names: string[] = [];
  readonly #processes: ChildProcess[] = [];

  constructor() {
    this.#add(this.name);
    batch(this.name, ['link set lo up', 'link add cni0 type bridge', 'link set cni0 up']);
    for (let pod = 0; pod < PODS; pod += 1) this.addPod();
    const more = INTERFACES - OWN - PODS;
    const pairs = Array.from({ length: more / 2 }, (_, index) => index);
    batch(
      this.name,
      pairs.map((index) => `link add more${index} type veth peer name other${index}`),
    );
  }

  get path(): string {
    return `/run/netns/${this.name}`;
  }

  remove(): void {
    for (const child of this.#processes) child.kill();
    removeNetwork([...this.#names].reverse());
  }

  removePod(): void {
    const name = this.#names.pop();
    this.#processes.pop()?.kill();
    if (name !== undefined) removeNetwork([name]);
  }

  #add(name: string): void {
    run('ip', ['netns', 'add', name]);
    this.#names.push(name);
  }

  addPod(): void {
    const pod = this.#processes.length;
    const name = `${this.name}p${pod}`;
    this.#add(name);
    batch(this.name, [
      `link add veth${pod} type veth peer name eth0 netns ${name}`,
      `link set veth${pod} master cni0 up`,
    ]);
    batch(name, [
      'link set lo up',
      `addr add ${podAddress(pod)}/16 dev eth0`,
      'link set eth0 up',
      'route add default via 10.244.255.254',
    ]);
    this.#processes.push(
      spawn('nsenter', [`--net=/run/netns/${name}`, 'sleep', '3600'], { stdio: 'ignore' }),
    );
  }
}

export const podAddress = (pod: number): string => `10.244.${pod >> 7}.${(pod & 127) + 2}`;
