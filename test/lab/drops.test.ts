/** Packets that the kernel drops, in the rows and in the ledger, against the counters of the rules that drop them. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import type { Drop } from '../../src/model/flow.ts';
import type { FlowWithPath, Way } from '../../src/model/path/flowPath.ts';
import { CommandFailed, delay, netnsPath, run, runIn } from './commands.ts';
import { Lab } from './lab.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { ping, sendDatagrams } from './traffic.ts';
import { DropRule } from './truth/dropRules.ts';

const FORBIDDEN = { port: 7001, count: 40, localPort: 42_001 };
const FLOOD = { port: 7002, count: 20_000, localPort: 42_002 };
const CLOSED = { port: 7003, count: 25, localPort: 42_003 };
/** Sent by a pod to nobody: dropped in its own namespace. */
/** Sent by the host beyond the uplink with an address of a pod: what the way back says is not so. */
const FORGED = { port: 7004, count: 30, localPort: 42_004 };
const NEVER_LEFT = '198.51.100.9';

const FORGED_SOURCE = '10.244.0.77';

/** The point behind which packets were lost, and why. */
function lostAt({ points, losses }: Way): string[] {
  return losses.map(({ drop, after }) => {
    const point = points[after ?? -1];
    return `${point?.interface ?? ''} ${point?.point ?? ''}: ${drop.reason}`;
  });
}

describe('dropped packets', () => {
  let lab: Lab;
  let observed: Observed;
  let forwardDropped: number;
  let outputDropped: number;
  let noPorts: number;
  let filtered: number;

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

    const { name } = lab.plan.node;
    const observation = await Observation.start(lab, 12, undefined, ['--paths', '--node', name]);
    for (const wanted of [FORBIDDEN, FLOOD]) {
      sendDatagrams(lab, client, { ...wanted, address: outside, size: 100, echo: false });
    }
    sendDatagrams(lab, client, { ...CLOSED, address: web.addresses.ipv4, size: 100, echo: false });
    // Of a pod's address, which the route back says to be behind the bridge.
    const web2 = lab.pod('web-2').addresses.ipv4;
    runIn(lab.plan.outside.netns, 'ip', ['addr', 'add', `${FORGED_SOURCE}/32`, 'dev', 'lo']);
    runIn(lab.plan.outside.netns, 'ip', [
      'route',
      'replace',
      '10.244.0.0/24',
      'via',
      lab.plan.node.addresses.ipv4,
      'src',
      FORGED_SOURCE,
    ]);
    runIn(lab.plan.node.netns, 'sysctl', ['-qw', 'net.ipv4.conf.eth0.rp_filter=1']);
    const filteredBefore = reversePathFiltered();
    sendDatagrams(lab, lab.outsidePlace, { ...FORGED, address: web2, size: 100, echo: false });
    filtered = reversePathFiltered() - filteredBefore;
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

  const reversePathFiltered = (): number =>
    Number(
      /IPReversePathFilter\s+(\d+)/.exec(
        runIn(lab.plan.node.netns, 'nstat', ['-asz', 'TcpExtIPReversePathFilter']),
      )?.[1],
    );

  after(async () => {
    await lab.close();
  });

  const flowWith = (wanted: (flow: FlowWithPath) => boolean): FlowWithPath => {
    const [flow, ...others] = (observed.flows as FlowWithPath[]).filter(wanted);
    assert.ok(flow);
    assert.deepEqual(others, []);
    return flow;
  };

  const inodeOf = (netns: string): number => statSync(netnsPath(netns)).ino;
  const indexOf = (netns: string, name: string): number =>
    (JSON.parse(run('ip', ['-n', netns, '-j', 'link', 'show', name])) as { ifindex: number }[])[0]?.ifindex ??
    0;
  const placed = ({ reason, packets, point, netns }: Drop): unknown[] => [reason, packets, point, netns];

  it('a rule of the node: in the row, with reason and interface', () => {
    const flow = flowWith(({ server }) => server.port === FORBIDDEN.port);
    const { netns, name } = lab.plan.node;
    const point = lab.plan.bridge.name;
    assert.deepEqual(flow.drops, [
      {
        ...{ reason: 'NETFILTER_DROP', packets: FORBIDDEN.count, direction: 'sent', node: name, point },
        ...{ netns: inodeOf(netns), ifindex: indexOf(netns, point) },
      },
    ]);
    assert.equal(flow.verdict, 'dropped');
    assert.equal(flow.sent.packets, FORBIDDEN.count);
    assert.equal(flow.client.workload?.name, 'client');
  });

  it('a rule inside a pod: a row of packets that reached no hook of ours', () => {
    const flow = flowWith(({ server }) => server.address === NEVER_LEFT);
    assert.deepEqual(flow.drops.map(placed), [
      ['NETFILTER_DROP', outputDropped, 'eth0', inodeOf(lab.pod('client').netns)],
    ]);
    assert.deepEqual([flow.verdict, flow.sent, flow.sightings], ['dropped', { packets: 0, bytes: 0 }, []]);
    assert.equal(flow.client.workload?.name, 'client');
    assert.ok(Date.parse(flow.start) <= Date.parse(flow.end));
  });

  it('the reverse-path filter: at the interface where the packets came in', () => {
    const flow = flowWith(({ server }) => server.port === FORGED.port);
    assert.equal(filtered, FORGED.count);
    assert.deepEqual(flow.drops.map(placed), [
      ['IP_RPFILTER', filtered, 'eth0', inodeOf(lab.plan.node.netns)],
    ]);
    assert.deepEqual(lostAt(flow.path.request), ['eth0 from-network: IP_RPFILTER']);
  });

  it('on the path: between the last point that the packets passed and the next', () => {
    const wayOf = (port: number): Way => flowWith(({ server }) => server.port === port).path.request;
    assert.deepEqual(lostAt(wayOf(FORBIDDEN.port)), ['cni0 from-bridge: NETFILTER_DROP']);
    assert.deepEqual(lostAt(wayOf(CLOSED.port)), ['eth0 to-endpoint: NO_SOCKET']);
    assert.deepEqual(
      wayOf(FORBIDDEN.port)
        .points.filter(({ attached }) => attached)
        .map(({ interface: name, blank }) => `${name} ${blank?.kind ?? 'seen'}`),
      [`${lab.pod('client').hostInterface ?? ''} seen`, 'cni0 seen', 'eth0 dropped'],
    );
  });

  it('a closed port in a pod: in the row of the same packets on the node', () => {
    const flow = flowWith(({ server }) => server.port === CLOSED.port);
    assert.equal(noPorts, CLOSED.count);
    assert.deepEqual(flow.drops.map(placed), [
      ['NO_SOCKET', noPorts, 'eth0', inodeOf(lab.pod('web-1').netns)],
    ]);
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
