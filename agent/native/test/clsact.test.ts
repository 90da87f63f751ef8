import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import type { Collector } from '../index.d.ts';
import { addon, openCollector } from './addon.ts';
import type { Held } from './holder.ts';
import { startHolder } from './killedHolder.ts';
import { addFilter, filters, mapOf, runCount, snapshot } from './trafficControl.ts';
import { datagrams } from './traffic.ts';
import { VethPair, linkStatistics, run } from './vethPair.ts';
import type { End } from './vethPair.ts';

const PRIORITY = 157;
const FIRST_HANDLE = 0x76657468;
const holder = resolve(import.meta.dirname, 'holder.ts');

describe('attaching by clsact', function () {
  this.timeout(30_000);
  let pair: VethPair;
  let right: End;
  let collector: Collector;

  beforeEach(async () => {
    pair = new VethPair();
    right = pair.right;
    await setTimeout(30);
    collector = openCollector({ attach: 'clsact' });
  });

  afterEach(() => {
    collector.close();
    pair.remove();
  });

  it('counts what the interface counts', () => {
    const attachment = collector.attach(right.netns, right.ifindex, 'ingress');
    collector.attach(right.netns, right.ifindex, 'egress');
    const before = linkStatistics(right);
    datagrams(pair.left, right.ipv4, 4001, 100, 20);

    const after = linkStatistics(right);
    const [ingress, egress] = collector.points();
    assert.deepEqual(
      [ingress?.packets, ingress?.bytes, egress?.packets, egress?.bytes],
      [
        after.rx.packets - before.rx.packets,
        after.rx.bytes - before.rx.bytes,
        after.tx.packets - before.tx.packets,
        after.tx.bytes - before.tx.bytes,
      ],
    );
    assert((ingress?.packets ?? 0) >= 100);
    assert.equal(collector.attachedBy, 'clsact');
    assert.equal(attachment.linkId, 0);
    assert.deepEqual(filters(right, 'ingress'), [
      {
        priority: PRIORITY,
        handle: `0x${FIRST_HANDLE.toString(16)}`,
        name: 'vethscope',
        programId: attachment.programId,
      },
    ]);
  });

  it('takes off its own filter only, and leaves the qdisc', () => {
    const attachment = collector.attach(right.netns, right.ifindex, 'ingress');
    addFilter(right, 'ingress', 'prio', String(PRIORITY), 'handle', '7');
    addFilter(right, 'ingress', 'prio', '1');
    assert.equal(filters(right, 'ingress').length, 3);
    attachment.close();
    assert.deepEqual(
      filters(right, 'ingress').map(({ priority, handle }) => [priority, handle]),
      [
        [1, '0x1'],
        [PRIORITY, '0x7'],
      ],
    );
    assert.match(snapshot(right).qdiscs, /clsact/);
    attachment.close();
  });

  it('leaves a filter that took its place', () => {
    const attachment = collector.attach(right.netns, right.ifindex, 'ingress');
    const place = ['prio', String(PRIORITY), 'handle', String(FIRST_HANDLE)];
    right.run('tc', 'filter', 'delete', 'dev', right.name, 'ingress', ...place, 'bpf');
    addFilter(right, 'ingress', ...place);
    const before = snapshot(right);
    attachment.close();
    assert.deepEqual(snapshot(right), before);
  });

  it('lets go of what is gone already: filter, qdisc, interface', () => {
    const gone = [
      ['tc', 'filter', 'delete', 'dev', right.name, 'ingress'],
      ['tc', 'qdisc', 'delete', 'dev', right.name, 'clsact'],
      ['ip', 'link', 'delete', right.name],
    ];
    for (const [command = '', ...args] of gone) {
      const attachment = collector.attach(right.netns, right.ifindex, 'ingress');
      right.run(command, ...args);
      attachment.close();
    }
    assert.throws(() => collector.attach(right.netns, right.ifindex, 'ingress'), { code: 'ENODEV' });
  });

  it('shares an interface with another agent', () => {
    const other = openCollector({ attach: 'clsact' });
    collector.attach(right.netns, right.ifindex, 'ingress');
    other.attach(right.netns, right.ifindex, 'ingress');
    datagrams(pair.left, right.ipv4, 4001, 50, 20);
    const handles = filters(right, 'ingress').map(({ handle }) => Number(handle));
    assert.deepEqual(handles.sort(), [FIRST_HANDLE, FIRST_HANDLE + 1]);
    assert((collector.points()[0]?.packets ?? 0) >= 50);
    assert.equal(collector.points()[0]?.packets, other.points()[0]?.packets);
    other.close();
    assert.equal(filters(right, 'ingress').length, 1);
  });

  it('refuses the egress side of an ingress qdisc, and uses its ingress side', () => {
    right.run('tc', 'qdisc', 'add', 'dev', right.name, 'ingress');
    const before = snapshot(right);
    const attachment = collector.attach(right.netns, right.ifindex, 'ingress');
    assert.throws(() => collector.attach(right.netns, right.ifindex, 'egress'), {
      code: 'EBUSY',
      message: /ingress qdisc of another tool/,
    });
    assert.equal(filters(right, 'ingress').length, 1);
    datagrams(pair.left, right.ipv4, 4001, 20, 20);
    assert((collector.points()[0]?.packets ?? 0) >= 20);
    attachment.close();
    assert.deepEqual(snapshot(right), before);
  });

  it('removes the filters of a killed agent, and no living one', async () => {
    const first = await startHolder(right, { attach: 'clsact' });
    const second = await startHolder(right, { attach: 'clsact' });
    try {
      const both = [...first.held.programs, ...second.held.programs].sort();
      const held = (): number[] =>
        [...filters(right, 'ingress'), ...filters(right, 'egress')].map(({ programId }) => programId).sort();
      assert.deepEqual(held(), both);
      await first.kill();
      assert.deepEqual(held(), both, 'the kernel keeps filters of a dead process');
      const attachment = collector.attach(right.netns, right.ifindex, 'ingress');
      collector.attach(right.netns, right.ifindex, 'egress').close();
      attachment.close();
      assert.deepEqual(held(), [...second.held.programs].sort());
    } finally {
      await first.kill();
      await second.kill();
    }
  });

  for (const way of ['return', 'exit', 'throw']) {
    it(`takes its filters off when the process ends by ${way}`, () => {
      const args = [holder, right.path, String(right.ifindex), way, JSON.stringify({ attach: 'clsact' })];
      const ended = spawnSync(process.execPath, args, { encoding: 'utf8', timeout: 20_000 });
      assert.equal(ended.status, way === 'throw' ? 1 : 0, ended.stderr);
      assert.equal((JSON.parse(ended.stdout) as Held).programs.length, 2);
      const { ingress, egress } = snapshot(right);
      assert.equal(ingress + egress, '');
    });
  }

  it('does nothing any more in a program whose lease is over', async () => {
    const statistics = addon.enableStatistics();
    const holder = await startHolder(right, { attach: 'clsact' });
    await holder.kill();
    const [program = 0] = holder.held.programs;
    // The counters of the first interface at ingress, as the kernel has them.
    const points = String(mapOf(program, 'points'));
    const counted = (): string =>
      run('bpftool', '-j', 'map', 'lookup', 'id', points, 'key', ...'2 0 0 0'.split(' '));
    const before = counted();
    datagrams(pair.left, right.ipv4, 4001, 20, 20);
    const within = counted();
    assert.notEqual(within, before, 'it counts until its lease is over');

    const lease = String(mapOf(program, 'lease'));
    const over = Array<string>(16).fill('0');
    run('bpftool', 'map', 'update', 'id', lease, 'key', ...'0 0 0 0'.split(' '), 'value', ...over);
    const ran = runCount(program);
    datagrams(pair.left, right.ipv4, 4001, 20, 20);
    assert.equal(counted(), within);
    assert(runCount(program) >= ran + 20);
    statistics.close();
  });
});
