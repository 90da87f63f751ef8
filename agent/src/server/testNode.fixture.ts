/** A node whose flows are made up but whose table, readers and listener are the real ones, for tests. */
import type { Ledger } from '../../../src/model/ledger.ts';
import { NO_DNS, NO_DROPS, NO_NAT } from '../../../src/model/ledger.ts';
import type { Topology } from '../../../src/model/topology.ts';
import type { PacketFilter } from '../../native/index.d.ts';
import { IP_PROTOCOL } from '../collector/flowLayout.ts';
import { DnsHistory } from '../dns/dnsHistory.ts';
import { BOOT, TestFlows } from '../flows/flowTable.fixture.ts';
import type { SeenPacket } from '../flows/kernelRecords.fixture.ts';
import { drainOf } from '../flows/kernelRecords.fixture.ts';
import { ledgerOf } from '../flows/ledger.ts';
import { Failure } from '../failure.ts';
import { Heartbeat } from './heartbeat.ts';
import { Listener } from './listener.ts';
import type { ObservedNode } from './liveSource.ts';
import { LiveSource } from './liveSource.ts';

export const TOKEN = '0123456789abcdef0123456789abcdef';
const CLIENT = { namespace: 'shop', name: 'client', uid: 'uid-client' };

export class TestNode implements ObservedNode {
  readonly flows: TestFlows;
  readonly options: { readonly node: string; readonly interval: number };
  readonly #listeners = new Set<() => void>();
  #time = 1000;

  constructor(maxFlows = 1024, interval = 20) {
    this.options = { node: 'node-a', interval };
    this.flows = new TestFlows(
      [
        { ifindex: 5, name: 'veth5', role: 'pod-veth', pod: CLIENT },
        { ifindex: 2, name: 'eth0', role: 'uplink' },
      ],
      { maxFlows },
    );
  }

  get table(): TestFlows['table'] {
    return this.flows.table;
  }

  get inventory(): TestFlows['inventory'] {
    return this.flows.inventory;
  }

  readonly dns = new DnsHistory(4);
  filter: PacketFilter | null = null;

  setFilter(filter: PacketFilter | null): void {
    this.filter = filter;
  }

  readonly topology: Topology = { node: 'node-a', kernel: 'test', sysctls: {}, namespaces: [] };

  onTick(listener: () => void): { close(): void } {
    this.#listeners.add(listener);
    return { close: () => this.#listeners.delete(listener) };
  }

  onTopology(): { close(): void } {
    return { close: () => undefined };
  }

  sockets(): Promise<null> {
    return Promise.resolve(null);
  }

  openCapture(): Promise<never> {
    return Promise.reject(new Failure('a made-up node has no packets', 'Capture on a real one.'));
  }

  ledger(readers: { queueDropped: number; streamGap: number }): Ledger {
    return ledgerOf(
      [],
      this.flows.points,
      {
        outside: this.flows.intake.outside,
        eventsDropped: 0,
        dns: NO_DNS,
        drops: { counts: NO_DROPS, eventsLost: 0, suppressed: 0 },
        nat: NO_NAT,
        ...readers,
      },
      null,
    );
  }

  /** One interval in which the client sends a datagram from each of these ports. */
  tick(ports: readonly number[]): void {
    this.#time += this.options.interval;
    this.flows.feed(datagrams(ports, this.#time), this.#time, 0);
    for (const listener of this.#listeners) listener();
  }

  /** One interval with datagrams made before. */
  repeat(drain: ReturnType<typeof datagrams>): void {
    this.#time += this.options.interval;
    this.flows.feed(drain, this.#time, this.#time);
    for (const listener of this.#listeners) listener();
  }

  /** Moves the clock without packets, for example until flows end. */
  skip(milliseconds: number): void {
    this.#time += milliseconds;
    this.tick([]);
  }

  get now(): number {
    return BOOT + this.#time;
  }

  async serve(lost: (message: string) => void = () => undefined): Promise<Listener> {
    const heartbeat = new Heartbeat({ lost: 600, first: 600 }, lost);
    const source = new LiveSource(this, []);
    const listener = await Listener.open({
      source,
      heartbeat,
      token: TOKEN,
      version: '0',
      host: '127.0.0.1',
      port: 0,
    });
    const close = listener.close.bind(listener);
    listener.close = async () => {
      heartbeat.stop();
      await close();
    };
    return listener;
  }
}

/** A datagram from each of these ports, at the pod's veth and at the uplink. */
export function datagrams(ports: readonly number[], time: number): ReturnType<typeof drainOf> {
  return drainOf(ports.flatMap((port) => [datagram(port, 5, false, time), datagram(port, 2, true, time)]));
}

function datagram(port: number, ifindex: number, egress: boolean, time: number): SeenPacket {
  const ends = { from: '10.244.1.5', fromPort: port, to: '192.0.2.7', toPort: 53 };
  return { ...ends, protocol: IP_PROTOCOL.udp, netns: 1, ifindex, egress, bytes: 100, tcpFlags: 0, time };
}
