import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';

import type { Collector, CollectorOptions } from '../index.d.ts';
import { openCollector } from './addon.ts';
import { startHolder } from './killedHolder.ts';
import type { Holder } from './killedHolder.ts';
import { DIRECTIONS, Neighbours } from './neighbours.ts';
import { filters, snapshot } from './trafficControl.ts';
import { VethPair } from './vethPair.ts';

describe('coexistence', function () {
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

  for (const attach of ['tcx', 'clsact'] as const) {
    for (const qdisc of ['with their qdisc', 'without any qdisc'] as const) {
      const others = qdisc === 'with their qdisc' ? 'TCX programs and legacy filters' : 'TCX programs';
      it(`leaves ${others} of an interface at work, attached by ${attach}`, async () => {
        const neighbours = new Neighbours(pair, qdisc === 'with their qdisc');
        let holder: Holder | undefined;
        try {
          neighbours.addTcx();
          const before = snapshot(pair.right);
          holder = await startHolder(pair.right, { attach });
          // Attached at the head, so before ours; the first ones are behind.
          neighbours.addTcx();
          const [ingress = 0, egress = 0] = holder.held.programs;
          neighbours.assertAllHit({ ingress: [ingress], egress: [egress] });

          await holder.kill();
          neighbours.assertAllHit({ ingress: [], egress: [] });
          if (attach === 'tcx') assert.deepEqual(snapshot(pair.right), before);
          else {
            // Legacy filters stay until the next agent comes, and do nobody harm.
            assert.equal(filters(pair.right, 'ingress').filter(({ name }) => name === 'vethscope').length, 1);
            attachAndClose({ attach });
            const { qdiscs, ...rest } = snapshot(pair.right);
            const { qdiscs: qdiscsBefore, ...restBefore } = before;
            assert.deepEqual(rest, restBefore);
            // The one difference: a qdisc that the agent added is not taken away from whoever uses it by now.
            const added = qdisc === 'with their qdisc' ? '' : 'qdisc clsact ffff: parent ffff:fff1 \n';
            assert.equal(qdiscs, qdiscsBefore + added);
          }
          neighbours.assertAllHit({ ingress: [], egress: [] });
        } finally {
          await holder?.kill();
          neighbours.close();
        }
      });
    }
  }

  function attachAndClose(options: Partial<CollectorOptions>): void {
    const next = openCollector(options);
    for (const direction of DIRECTIONS) next.attach(pair.right.netns, pair.right.ifindex, direction).close();
    next.close();
  }

  it('counts points beyond the slots instead of dropping them', async () => {
    // A chain of VLAN-free hops is not to be had in one veth pair; many source points of one conversation are:
    // the same frame sent by nine interfaces of one namespace.
    const { left } = pair;
    // Multicast listener reports of new interfaces have one key, too.
    left.run('sysctl', '-qw', 'net.ipv6.conf.default.disable_ipv6=1');
    const names = Array.from({ length: 9 }, (_, index) => `p${index}`);
    for (const name of names) {
      left.run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', `${name}x`);
      left.run('ip', 'link', 'set', name, 'up');
      left.run('ip', 'link', 'set', `${name}x`, 'up');
    }
    const links = left.netns.links().filter((link) => names.includes(link.name));
    for (const link of links) collector.attach(left.netns, link.ifindex, 'egress');
    // What has no slot in the tally goes to the flow map, which finds no room the second time.
    for (const link of [...links, ...links]) {
      left.run('ip', 'route', 'replace', '10.77.0.0/24', 'dev', link.name, 'src', left.ipv4);
      left.run('ip', 'neighbour', 'replace', '10.77.0.1', 'lladdr', '02:00:00:00:00:01', 'dev', link.name);
      // Each CPU has slots of its own.
      left.run('bash', '-c', `printf x | taskset -c 0 socat - UDP4:10.77.0.1:9,sourceport=9999`);
    }
    const drained = await collector.drain();
    const points = collector.points();
    assert.equal(
      points.reduce((sum, point) => sum + point.pointsOverflow, 0),
      1,
    );
    const overflow = Array.from({ length: drained.count }, (_, index) =>
      drained.records.readUInt32LE(index * 384 + 180),
    );
    assert.equal(Math.max(...overflow), 1);
  });
});
