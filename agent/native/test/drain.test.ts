import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';

import type { Collector } from '../index.d.ts';
import { openCollector } from './addon.ts';
import { readRecords, sumAt } from './flowRecords.ts';
import { datagrams } from './traffic.ts';
import { VethPair, linkStatistics } from './vethPair.ts';

const LOAD_SECONDS = 4;

describe('draining', function () {
  this.timeout(60_000);
  let pair: VethPair;
  let collector: Collector;

  beforeEach(async () => {
    pair = new VethPair();
    await setTimeout(30);
    collector = openCollector();
  });

  afterEach(() => {
    collector.close();
    pair.remove();
  });

  it('loses and doubles nothing while traffic runs', async () => {
    const points = [
      collector.attach(pair.left.netns, pair.left.ifindex, 'egress'),
      collector.attach(pair.left.netns, pair.left.ifindex, 'ingress'),
      collector.attach(pair.right.netns, pair.right.ifindex, 'ingress'),
      collector.attach(pair.right.netns, pair.right.ifindex, 'egress'),
    ];
    const before = linkStatistics(pair.right);
    const server = spawn('ip', ['netns', 'exec', pair.right.name, 'iperf3', '-s', '-1'], { stdio: 'ignore' });
    await setTimeout(500);
    const client = spawn(
      'ip',
      [
        ...['netns', 'exec', pair.left.name, 'iperf3', '-c', pair.right.ipv4, '--bidir', '-P', '3'],
        ...['-u', '-b', '30M', '-l', '64', '-t', String(LOAD_SECONDS)],
      ],
      { stdio: 'ignore' },
    );
    const sums = points.map(() => ({ packets: 0, bytes: 0 }));
    const drain = async (): Promise<void> => {
      const records = readRecords(await collector.drain());
      points.forEach((point, index) => {
        const sum = sumAt(records, point);
        const total = sums[index];
        assert(total);
        total.packets += sum.packets;
        total.bytes += sum.bytes;
      });
    };
    let drains = 0;
    const exited = Promise.all([once(client, 'exit'), once(server, 'exit')]);
    while (client.exitCode === null) {
      await drain();
      drains += 1;
    }
    await exited;
    await drain();

    assert.equal(client.exitCode, 0);
    const after = linkStatistics(pair.right);
    const counters = points.map((attachment) =>
      collector
        .points()
        .find((point) => point.netns === attachment.netns && point.direction === attachment.direction),
    );
    counters.forEach((point, index) => {
      assert.equal(point?.mapFull, 0);
      assert.equal(point.pointsOverflow, 0);
      assert.equal(sums[index]?.packets, point.counted, 'sum of drains against the point');
    });
    const [, , rightIn, rightOut] = counters;
    assert.equal(rightIn?.packets, after.rx.packets - before.rx.packets);
    assert.equal(rightIn.bytes, after.rx.bytes - before.rx.bytes);
    assert.equal(rightOut?.packets, after.tx.packets - before.tx.packets);
    assert(drains > 1);
    console.log(`      ${drains} drains over ${rightIn.packets + rightOut.packets} packets, exact`);
  });

  it('gives a namespace that is first watched later the live half', async () => {
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    await collector.drain();
    const right = collector.attach(pair.right.netns, pair.right.ifindex, 'ingress');
    datagrams(pair.left, pair.right.ipv4, 4001, 10, 10);
    const records = readRecords(await collector.drain());
    assert.equal(sumAt(records, right).packets >= 10, true);
  });

  it('reads more entries than one batch holds', async () => {
    collector.close();
    collector = openCollector({ maxFlows: 65536 });
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    const ports = pair.left.run(
      process.execPath,
      '-e',
      `const socket = require('node:dgram').createSocket('udp4');
       let port = 10000;
       const next = () => port < 30000 ? socket.send('x', port++, '${pair.right.ipv4}', () => next()) : (socket.close(), console.log(port));
       next();`,
    );
    assert.equal(ports.trim(), '30000');
    const drained = await collector.drain();
    const seen = new Set(readRecords(drained).map((record) => record.highPort));
    for (let port = 10000; port < 30000; port += 1) assert(seen.has(port), `port ${port} missing`);
    assert.equal(drained.records.length, drained.count * 384);
    assert.equal((await collector.drain()).count, 0);
  });
});
