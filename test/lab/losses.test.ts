/**
 * Each loss by itself, forced through the agent's command line: it is in its cell and no other cell moves, and the sums
 * hold. Frames leave the node by its uplink, whose other end nobody watches: what becomes of them there is nobody's drop.
 */
import assert from 'node:assert/strict';
import { availableParallelism } from 'node:os';
import { buildFrameSender, sendFramesOnCpu } from '../../agent/native/test/frames.ts';
import { UNPARSED_CAUSES } from '../../src/model/ledger.ts';
import { CommandFailed, delay } from './commands.ts';
import { Lab } from './lab.ts';
import { assertPointsAddUp, assertSightingsAddUp, lossCells } from './lossCells.ts';
import {
  answers,
  datagram,
  flows,
  laterFragment,
  notDns,
  questions,
  repeated,
  tunnelledArp,
  UNREADABLE,
} from './lossFrames.ts';
import { batch } from './network.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { UPLINK } from './plan.ts';
import { ping, sendDatagrams } from './traffic.ts';
import { DropRule } from './truth/dropRules.ts';
import { interfaceStatistics } from './truth/interfaceStatistics.ts';
import { PacketCounters } from './truth/packetCounters.ts';

/** More than a flow has slots for. */
const LINKS = Array.from({ length: 10 }, (_, index) => `loss${index}`);
const SLOTS = 8;
/** bpf/flow.h TALLIES: flows that a CPU holds before they go to the map. */
const TALLIES = 64;
const AT_UPLINK = ['--interface', UPLINK] as const;
const FLOOD = { port: 7002, count: 6000, localPort: 42_002, size: 100, echo: false } as const;
/** DNS messages that each point may send at once: 500 a second, counted in windows of 2^28 ns. */
const WITHIN_RATE = 120;

describe('forced losses', function () {
  this.timeout(60_000);
  let lab: Lab;
  let counters: PacketCounters;
  let dropped: DropRule;

  before(async () => {
    buildFrameSender();
    lab = await Lab.build();
    const { node, outside } = lab.plan;
    for (const name of LINKS) {
      batch(node.netns, [
        `link add ${name} type veth peer name ${name} netns ${outside.netns}`,
        `link set ${name} addrgenmode none up`,
      ]);
      batch(outside.netns, [`link set ${name} addrgenmode none up`]);
    }
    ping(lab, lab.placeOf(lab.pod('client')), outside.addresses.ipv4, 1);
    await lab.settle();
    const names = interfaceStatistics(node.netns).map(({ name }) => name);
    counters = new PacketCounters(node.netns, 'truth', names, { all: '' });
    dropped = new DropRule(node.netns, 'forward', `udp dport ${FLOOD.port}`);
  });

  after(async () => {
    await lab.close();
  });

  /** Observes while the loss is forced; what every ledger must meet is checked here. */
  async function observed(
    options: readonly string[],
    force: (observation: Observation) => Promise<void> | void,
  ): Promise<Observed> {
    const observation = await Observation.start(lab, 40, undefined, options);
    const start = counters.read();
    try {
      await force(observation);
    } catch (error) {
      await observation.kill();
      throw error;
    }
    // The reader of events sleeps between looks.
    await delay(300);
    const passed = counters.read().since(start);
    const result = await observation.interrupt();
    assertPointsAddUp(result.ledger);
    assertSightingsAddUp(result.flows, result.ledger);
    for (const name of new Set(result.ledger.byPoint.map((point) => point.interface))) {
      if (name === 'lo') continue;
      const points = result.ledger.byPoint.filter((point) => point.interface === name);
      const buffers = points.reduce((sum, point) => sum + point.buffers, 0);
      const [ingress, egress] = [passed.of('all', name, 'ingress'), passed.of('all', name, 'egress')];
      assert.equal(buffers, ingress.packets + egress.packets, name);
    }
    return result;
  }

  const send = (frames: Buffer[], name: string = UPLINK): Promise<void> =>
    sendFramesOnCpu(0, { name: lab.plan.node.netns }, name, frames);

  it('packets that cannot be parsed, by cause', async () => {
    const expected = Object.fromEntries(UNPARSED_CAUSES.map((cause, index) => [cause, 3 + 2 * index]));
    const { ledger } = await observed(AT_UPLINK, () =>
      send(UNPARSED_CAUSES.flatMap((cause) => repeated(UNREADABLE[cause], expected[cause] ?? 0))),
    );
    assert.deepEqual(ledger.unparsed, expected);
    const cells = Object.entries(expected).map(([cause, count]) => [`unparsed.${cause}`, count]);
    assert.deepEqual(lossCells(ledger), Object.fromEntries(cells));
    assert.equal(ledger.counted, 0);
  });

  it('packets that the filter leaves out', async () => {
    const { ledger } = await observed([...AT_UPLINK, '--port', '4000'], () =>
      send([
        ...repeated(datagram(1, 4000, Buffer.alloc(9)), 20),
        ...repeated(datagram(1, 4001, Buffer.alloc(9)), 30),
      ]),
    );
    assert.deepEqual(lossCells(ledger), { filtered: 30 });
    assert.equal(ledger.counted, 20);
  });

  it('new flows while the kernel’s map is full', async () => {
    const count = 3000;
    // One drain at most falls between them.
    const options = [...AT_UPLINK, '--map-memory', '200K', '--interval', '5000'];
    const { ledger, flows: rows } = await observed(options, () => send(flows(count)));
    const { mapFull, ...others } = lossCells(ledger);
    assert.deepEqual(others, {});
    assert.equal(ledger.counted + (mapFull ?? 0), count);
    assert.equal(rows.length, ledger.counted, 'a packet a flow');
    const capacity = ledger.cost?.mapCapacity ?? NaN;
    const most = 2 * (capacity + TALLIES + availableParallelism());
    assert.ok(ledger.counted >= capacity && ledger.counted <= most, `${ledger.counted} of ${capacity}`);
    assert.ok((ledger.cost?.mapPeak ?? 0) >= capacity);
  });

  it('flows beyond the rows of the table', async () => {
    const [count, rows] = [1500, 100];
    const { ledger, flows: told } = await observed(
      [...AT_UPLINK, '--max-flows', String(rows), '--map-memory', '8M'],
      () => send(flows(count)),
    );
    assert.equal(told.length, rows);
    assert.deepEqual(lossCells(ledger), { folded: count - rows });
  });

  it('observation points beyond a flow’s slots', async () => {
    const packets = 6;
    // A drain in between would begin anew with free slots. A CPU's tally goes to the flow map when its slots are taken; the
    // second time those of the map are taken too.
    const { ledger } = await observed(['--interval', '10000'], async () => {
      for (const name of [...LINKS, ...LINKS]) {
        await send(repeated(datagram(1, 2, Buffer.alloc(9)), packets), name);
      }
    });
    assert.deepEqual(lossCells(ledger), { pointsOverflow: (LINKS.length - SLOTS) * packets });
    assert.equal(ledger.counted, 2 * LINKS.length * packets);
  });

  it('later fragments whose first was not seen', async () => {
    const { ledger, flows: rows } = await observed(AT_UPLINK, () => send(repeated(laterFragment(), 9)));
    assert.deepEqual(lossCells(ledger), { looseFragments: 9 });
    assert.deepEqual(
      rows.map(({ client, server, sent }) => [client.port, server.port, sent.packets]),
      [[0, 0, 9]],
    );
  });

  it('what tunnels carry and cannot be parsed', async () => {
    const { ledger } = await observed(AT_UPLINK, () => send(repeated(tunnelledArp(), 7)));
    assert.deepEqual(lossCells(ledger), { 'inner.unparsed': 7 });
    assert.equal(ledger.counted, 7);
  });

  it('DNS that is none, and answers without a question', async () => {
    const { ledger } = await observed([...AT_UPLINK, '--dns'], () => send([...notDns(12), ...answers(8)]));
    assert.deepEqual(lossCells(ledger), { 'dns.malformed': 12, 'dns.unmatched': 8 });
    assert.equal(ledger.dns.messages, 20);
  });

  it('DNS messages beyond their rate', async () => {
    const count = 4000;
    const { ledger, dns } = await observed([...AT_UPLINK, '--dns'], () => send(questions(count)));
    const { 'suppressed.dns': suppressed = 0, ...others } = lossCells(ledger);
    assert.deepEqual(others, {});
    assert.ok(suppressed > 0);
    assert.equal(ledger.dns.messages + suppressed, count);
    assert.equal(dns.length, ledger.dns.messages);
  });

  it('events that find the ring full', async () => {
    const options = LINKS.flatMap((name) => ['--interface', name]);
    const { ledger } = await observed([...options, '--dns'], async ({ pid }) => {
      // Nobody reads meanwhile. The ring has 1 MB, and these take more than 1.5.
      process.kill(pid, 'SIGSTOP');
      try {
        for (const [index, name] of LINKS.entries()) {
          await send(questions(WITHIN_RATE, { bytes: 1300, first: index * WITHIN_RATE }), name);
        }
      } finally {
        process.kill(pid, 'SIGCONT');
      }
    });
    const { eventsLost = 0, ...others } = lossCells(ledger);
    assert.deepEqual(others, {});
    assert.ok(eventsLost > 0);
    assert.equal(ledger.dns.messages + eventsLost, LINKS.length * WITHIN_RATE);
  });

  it('a flood of drops that events do not tell', async () => {
    const before = dropped.packets;
    const { ledger, flows: rows } = await observed([], () => {
      sendDatagrams(lab, lab.placeOf(lab.pod('client')), {
        ...FLOOD,
        address: lab.plan.outside.addresses.ipv4,
      });
    });
    const {
      'suppressed.drop': suppressed = 0,
      'drops.unattributed': unattributed,
      ...others
    } = lossCells(ledger);
    assert.deepEqual(others, {});
    assert.ok(suppressed > 0);
    assert.equal(unattributed, suppressed);
    assert.equal(dropped.packets - before, FLOOD.count);
    assert.equal(ledger.drops.total, FLOOD.count);
    const told = rows.flatMap(({ drops }) => drops).reduce((sum, { packets }) => sum + packets, 0);
    assert.equal(told + suppressed, FLOOD.count);
  });

  it('drops of another node on the same machine, whose pods have the same addresses, are none of ours', async () => {
    const other = await Lab.build();
    try {
      const client = other.placeOf(other.pod('client'));
      ping(other, client, other.plan.outside.addresses.ipv4, 1);
      const rule = new DropRule(other.pod('client').netns, 'output', `udp dport ${FLOOD.port}`);
      const { ledger } = await observed([], () => {
        const to = { ...FLOOD, address: other.plan.outside.addresses.ipv4, count: 50 };
        assert.throws(() => sendDatagrams(other, client, to), CommandFailed);
      });
      assert.ok(rule.packets > 0);
      assert.deepEqual([ledger.drops.total, lossCells(ledger)], [0, {}]);
    } finally {
      await other.close();
    }
  });

  it('drops of packets without readable headers', async () => {
    const pod = lab.pod('web-1');
    const { ledger } = await observed([], () =>
      send(repeated(UNREADABLE.truncated, 11), pod.hostInterface ?? ''),
    );
    assert.deepEqual(lossCells(ledger), { 'unparsed.truncated': 11, 'drops.unattributed': 11 });
  });
});
