/** The kernel's filter: what it leaves out is counted, and a change under traffic loses nothing that stays wanted. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connect, Received } from '../../agent/src/server/testClient.fixture.ts';
import type { TestClient } from '../../agent/src/server/testClient.fixture.ts';
import { FLOW } from '../../src/model/flowRecord.ts';
import type { Ledger } from '../../src/model/ledger.ts';
import { delay, until } from './commands.ts';
import { Lab } from './lab.ts';
import { Observation } from './observe.ts';
import { ledgerOf, portOf, serveArguments, TOKEN } from './servedAgent.ts';
import { ping, sendDatagrams, serve } from './traffic.ts';
import { interfaceStatistics } from './truth/interfaceStatistics.ts';
import { PacketCounters } from './truth/packetCounters.ts';
import type { PacketCounts } from './truth/packetCounters.ts';

const SENDER = fileURLToPath(new URL('programs/udpSender.ts', import.meta.url));
const COUNT = 3000;
const SIZE = 100;
const PORTS = { wanted: 41_000, sometimes: 41_001 } as const;

describe('kernel filter', function () {
  this.timeout(90_000);
  let lab: Lab;
  let counters: PacketCounters;

  before(async () => {
    lab = await Lab.build();
    await serve(lab, lab.placeOf(lab.pod('web-1')), 8080, 8053);
    for (const name of ['client', 'web-2']) {
      ping(lab, lab.placeOf(lab.pod(name)), lab.pod('web-1').addresses.ipv4, 1);
    }
    await lab.settle();
    const names = interfaceStatistics(lab.plan.node.netns).map(({ name }) => name);
    counters = new PacketCounters(lab.plan.node.netns, 'truth', names, {
      all: '',
      client: `ip saddr ${lab.pod('client').addresses.ipv4} udp dport 8053`,
    });
  });

  after(async () => {
    await lab.close();
  });

  /** Every packet that nftables counted is in one cell of the ledger. */
  function reconcile(ledger: Ledger, counted: PacketCounts): void {
    for (const point of ledger.byPoint) {
      assert.equal(
        point.seen,
        point.counted + point.unparsed + point.mapFull + point.filtered,
        point.interface,
      );
      const direction = point.point.startsWith('from-') ? 'ingress' : 'egress';
      if (point.interface === 'lo') continue;
      assert.equal(point.buffers, counted.of('all', point.interface, direction).packets, point.interface);
    }
    assert.ok(ledger.filtered > 0);
  }

  it('of observe counts what matches and tells how much did not', async () => {
    const { ipv4 } = lab.pod('client').addresses;
    const web = lab.pod('web-1').addresses.ipv4;
    const options = ['--address', `${ipv4}/32`, '--protocol', 'udp', '--port', '8053'];
    const observation = await Observation.start(lab, 8, undefined, options);
    const start = counters.read();
    for (const [name, localPort] of [
      ['client', PORTS.wanted],
      ['web-2', PORTS.sometimes],
    ] as const) {
      const to = { address: web, port: 8053, count: 200, size: SIZE, localPort, echo: true };
      sendDatagrams(lab, lab.placeOf(lab.pod(name)), to);
    }
    ping(lab, lab.placeOf(lab.pod('client')), web, 3);
    await delay(300);
    const counted = counters.read().since(start);
    const { flows, ledger } = await observation.end();
    assert.deepEqual(
      flows.map(({ client, sent }) => [client.address, client.port, sent.packets]),
      [[ipv4, PORTS.wanted, counted.of('client', lab.pod('client').hostInterface ?? '', 'ingress').packets]],
    );
    reconcile(ledger, counted);
  });

  it('of serve follows the streams, and loses nothing of what one of them wants all the time', async () => {
    const agent = spawn(process.execPath, serveArguments(lab), { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      const port = await portOf(agent);
      const client = connect(port, TOKEN);
      await until('the agent to attach', 20, async () =>
        (await ledgerOf(client)).byPoint.length > 0 ? true : null,
      );
      const received = new Opened();
      const stop = new AbortController();
      const reading = follow(client, lab.pod('client').uid, stop, received);
      await until('the filter', 20, () => (received.opened ? true : null));
      const start = counters.read();
      const before = await ledgerOf(client);
      const senders = [send('client', PORTS.wanted), send('web-2', PORTS.sometimes)];
      const done = Promise.all(senders.map((child) => once(child, 'exit')));
      let changes = 0;
      while (senders.some((child) => child.exitCode === null)) {
        const other = new AbortController();
        const stream = follow(client, lab.pod('web-2').uid, other, new Opened());
        await delay(20);
        other.abort();
        await stream;
        changes += 2;
      }
      await done;
      await delay(1500);
      const counted = counters.read().since(start);
      const ledger = await ledgerOf(client);
      stop.abort();
      await reading;
      client.close();
      const flow = [...received.records.values()].find(
        (record) => record.getUint16(FLOW.clientPort, true) === PORTS.wanted,
      );
      const truth = counted.of('client', lab.pod('client').hostInterface ?? '', 'ingress').packets;
      assert.equal(truth, COUNT);
      assert.equal(flow?.getFloat64(FLOW.sentPackets, true), truth);
      assert.equal(flow.getFloat64(FLOW.receivedPackets, true), truth);
      assert.ok(changes > 10, `the filter changed ${changes} times`);
      assert.ok(ledger.filtered > before.filtered);
      for (const point of ledger.byPoint) {
        assert.equal(point.seen, point.counted + point.unparsed + point.mapFull + point.filtered);
      }
    } finally {
      agent.kill('SIGINT');
      await once(agent, 'exit');
    }
  });

  function send(name: string, localPort: number): ChildProcess {
    const args = [lab.pod('web-1').addresses.ipv4, 8053, COUNT, SIZE, localPort].map(String);
    const child = lab.spawn(lab.placeOf(lab.pod(name)), process.execPath, [SENDER, ...args, 'echo']);
    child.stdout?.resume();
    return child;
  }
});

class Opened extends Received {
  opened = false;
}

/** Reads flows of a pod until told to stop. */
async function follow(
  { agent }: TestClient,
  uid: string,
  stop: AbortController,
  received: Opened,
): Promise<void> {
  const request = { afterSequence: 0n, target: { podUids: [uid], namespaces: [] } };
  try {
    for await (const message of agent.streamFlows(request, { signal: stop.signal })) {
      received.take(message);
      received.opened = true;
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
}
