import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { setTimeout } from 'node:timers/promises';

import type { Collector, ProgramObject } from '../index.d.ts';
import { addon, openCollector } from './addon.ts';
import { datagrams } from './traffic.ts';
import { VethPair, run } from './vethPair.ts';

const emptyObject = resolve(import.meta.dirname, '../../../.cache/bench/empty.o');
const section = ['section', 'tc', 'direct-action'];

describe('coexistence', function () {
  this.timeout(20_000);
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

  it('leaves legacy filters of the same interface at work', () => {
    const { right } = pair;
    right.run('tc', 'qdisc', 'add', 'dev', right.name, 'clsact');
    right.run(
      'tc',
      'filter',
      'add',
      'dev',
      right.name,
      'ingress',
      'bpf',
      'object-file',
      emptyObject,
      ...section,
    );
    const filters = JSON.parse(right.run('tc', '-j', 'filter', 'show', 'dev', right.name, 'ingress')) as {
      options?: { prog?: { id: number } };
    }[];
    const id = filters.find((filter) => filter.options?.prog)?.options?.prog?.id;
    const statistics = addon.enableStatistics();
    collector.attach(right.netns, right.ifindex, 'ingress');
    datagrams(pair.left, right.ipv4, 4001, 100, 20);

    const program = JSON.parse(run('bpftool', '-j', 'prog', 'show', 'id', String(id))) as { run_cnt: number };
    assert(program.run_cnt >= 100);
    assert.equal(BigInt(program.run_cnt), collector.statistics().runCount);
    statistics.close();
  });

  it('leaves later TCX programs at work, and comes before them', () => {
    const { right } = pair;
    const statistics = addon.enableStatistics();
    const other: ProgramObject = new addon.ProgramObject(emptyObject);
    other.attach('count_ingress', right.netns, right.ifindex, 'ingress');
    const attachment = collector.attach(right.netns, right.ifindex, 'ingress');
    datagrams(pair.left, right.ipv4, 4001, 100, 20);

    assert(other.statistics().runCount >= 100n);
    assert.equal(collector.statistics().runCount, other.statistics().runCount);
    assert(attachment.programId > 0);
    other.close();
    statistics.close();
  });

  it('keeps within the verifier: prints what it walked', () => {
    const counts = collector.verifiedInstructions();
    for (const [program, count] of Object.entries(counts)) {
      console.log(`      ${program}: ${count} of 1,000,000 instructions`);
      assert(count > 0 && count < 250_000);
    }
    assert.deepEqual(Object.keys(counts).sort(), ['egress', 'ingress']);
  });

  it('counts points beyond the slots instead of dropping them', async () => {
    // A chain of VLAN-free hops is not to be had in one veth pair; many source points of one conversation are:
    // the same frame sent by nine interfaces of one namespace.
    const { left } = pair;
    const names = Array.from({ length: 9 }, (_, index) => `p${index}`);
    for (const name of names) {
      left.run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}x`);
      left.run('ip', 'link', 'set', name, 'up');
      left.run('ip', 'link', 'set', `${name}x`, 'up');
    }
    const links = left.netns.links().filter((link) => names.includes(link.name));
    for (const link of links) collector.attach(left.netns, link.ifindex, 'egress');
    for (const link of links) {
      left.run('ip', 'route', 'replace', '10.77.0.0/24', 'dev', link.name, 'src', left.ipv4);
      left.run('ip', 'neighbour', 'replace', '10.77.0.1', 'lladdr', '02:00:00:00:00:01', 'dev', link.name);
      left.run('bash', '-c', `printf x | socat - UDP4:10.77.0.1:9,sourceport=9999`);
    }
    const drained = await collector.drain();
    const points = collector.points();
    assert.equal(
      points.reduce((sum, point) => sum + point.pointsOverflow, 0),
      1,
    );
    const overflow = Array.from({ length: drained.count }, (_, index) =>
      drained.records.readUInt32LE(index * 368 + 164),
    );
    assert.equal(Math.max(...overflow), 1);
  });
});
