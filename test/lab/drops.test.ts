/** Packets that the kernel drops, in the rows and in the ledger, against the counters of the rules that drop them. */
import assert from 'node:assert/strict';
import type { Flow } from '../../src/model/flow.ts';
import { CommandFailed, delay, runIn } from './commands.ts';
import { Lab } from './lab.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { ping, sendDatagrams } from './traffic.ts';
import { DropRule } from './truth/dropRules.ts';

const FORBIDDEN = { port: 7001, count: 40, localPort: 42_001 };
const FLOOD = { port: 7002, count: 20_000, localPort: 42_002 };
const CLOSED = { port: 7003, count: 25, localPort: 42_003 };
/** Sent by a pod to nobody: dropped in its own namespace. */
const NEVER_LEFT = '198.51.100.9';

describe('dropped packets', () => {
  let lab: Lab;
  let observed: Observed;
  let forwardDropped: number;
  let outputDropped: number;
  let noPorts: number;

  before(async function () {
    this.timeout(90_000);
    lab = await Lab.build();
    const client = lab.placeOf(lab.pod('client'));
    const outside = lab.plan.outside.addresses.ipv4;
    const web = lab.pod('web-1');
    ping(lab, client, web.addresses.ipv4, 1);
    ping(lab, client, outside, 1);
    await lab.settle();
    const forward = new DropRule(
      lab.plan.node.netns,
      'forward',
      `udp dport { ${FORBIDDEN.port}, ${FLOOD.port} }`,
    );
    const output = new DropRule(lab.pod('client').netns, 'output', `ip daddr ${NEVER_LEFT}`);

    const observation = await Observation.start(lab, 12);
    for (const wanted of [FORBIDDEN, FLOOD]) {
      sendDatagrams(lab, client, { ...wanted, address: outside, size: 100, echo: false });
    }
    sendDatagrams(lab, client, { ...CLOSED, address: web.addresses.ipv4, size: 100, echo: false });
    // Every send fails, as the socket is told.
    assert.throws(
      () => lab.run(client, 'busybox', ['ping', '-c', '1', '-w', '2', NEVER_LEFT]),
      CommandFailed,
    );
    // The reader of events sleeps between looks.
    await delay(1000);
    forwardDropped = forward.packets;
    outputDropped = output.packets;
    noPorts = Number(/UdpNoPorts\s+(\d+)/.exec(runIn(web.netns, 'nstat', ['-asz', 'UdpNoPorts']))?.[1]);
    observed = await observation.end();
  });

  after(async () => {
    await lab.close();
  });

  const flowWith = (wanted: (flow: Flow) => boolean): Flow => {
    const [flow, ...others] = observed.flows.filter(wanted);
    assert.ok(flow);
    assert.deepEqual(others, []);
    return flow;
  };

  it('a rule of the node: in the row, with reason and interface', () => {
    const flow = flowWith(({ server }) => server.port === FORBIDDEN.port);
    assert.deepEqual(flow.drops, [
      { reason: 'NETFILTER_DROP', packets: FORBIDDEN.count, point: lab.plan.bridge.name },
    ]);
    assert.equal(flow.verdict, 'dropped');
    assert.equal(flow.sent.packets, FORBIDDEN.count);
    assert.equal(flow.client.workload?.name, 'client');
  });

  it('a rule inside a pod: a row of packets that reached no hook of ours', () => {
    const flow = flowWith(({ server }) => server.address === NEVER_LEFT);
    assert.deepEqual(flow.drops, [{ reason: 'NETFILTER_DROP', packets: outputDropped, point: 'eth0' }]);
    assert.deepEqual([flow.verdict, flow.sent, flow.sightings], ['dropped', { packets: 0, bytes: 0 }, []]);
    assert.equal(flow.client.workload?.name, 'client');
    assert.ok(Date.parse(flow.start) <= Date.parse(flow.end));
  });

  it('a closed port in a pod: in the row of the same packets on the node', () => {
    const flow = flowWith(({ server }) => server.port === CLOSED.port);
    assert.equal(noPorts, CLOSED.count);
    assert.deepEqual(flow.drops, [{ reason: 'NO_SOCKET', packets: noPorts, point: 'eth0' }]);
    assert.equal(flow.sent.packets, CLOSED.count);
  });

  it('the ledger has every drop, also of a flood that events do not tell', () => {
    const { drops, suppressed } = observed.ledger;
    assert.equal(forwardDropped, FORBIDDEN.count + FLOOD.count);
    assert.equal(drops.available, true);
    assert.equal(drops.byReason.NETFILTER_DROP, forwardDropped + outputDropped);
    assert.equal(drops.byReason.NO_SOCKET, noPorts);
    assert.equal(
      drops.total,
      Object.values(drops.byReason).reduce((sum, count) => sum + count, 0),
    );
    const inRows = observed.flows
      .flatMap((flow) => flow.drops)
      .reduce((sum, { packets }) => sum + packets, 0);
    assert.equal(inRows + drops.unattributed, drops.total);
    const flood = flowWith(({ server }) => server.port === FLOOD.port);
    const told = flood.drops.reduce((sum, { packets }) => sum + packets, 0);
    assert.ok(told > 0 && told < FLOOD.count);
    assert.ok((suppressed.drop ?? 0) >= FLOOD.count - told, 'what was not told is counted as suppressed');
  });
});
