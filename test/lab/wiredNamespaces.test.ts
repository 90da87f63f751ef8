/** Two namespaces of one node, both observed: what goes from one into the other is one flow, and counts once. */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import type { Flow } from '../../src/model/flow.ts';
import { delay, netnsPath, until } from './commands.ts';
import { Lab } from './lab.ts';
import type { Place } from './lab.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { exchange, hold, ping, sendDatagrams, serve } from './traffic.ts';
import type { HeldConnection } from './traffic.ts';
import { interfaceStatistics } from './truth/interfaceStatistics.ts';
import { assertLocalEnds } from './truth/localEnds.ts';
import { tcpSocket } from './truth/tcpSockets.ts';
import type { TcpSocketFacts } from './truth/tcpSockets.ts';

const BYTES = { send: 200_000, receive: 50_000 };
const DATAGRAMS = { count: 20, size: 100, echo: true };
const UDP_PORT = { service: 42_004, outside: 42_008, loopback: 42_009 } as const;
const PINGS = 3;

describe('namespaces that are wired to each other', () => {
  let lab: Lab;
  let observed: Observed;
  let client: Place;
  let service = '';
  let short = 0;
  let inodes: { node: number; client: number; outside: number };
  const held = new Map<string, { connection: HeldConnection; facts: TcpSocketFacts }>();

  before(async function () {
    this.timeout(90_000);
    lab = await Lab.build();
    const { node, outside } = lab.plan;
    client = lab.placeOf(lab.pod('client'));
    service = lab.plan.services[0]?.addresses.ipv4 ?? '';
    inodes = { node: inodeOf(node.netns), client: inodeOf(client.netns), outside: inodeOf(outside.netns) };
    for (const pod of ['web-1', 'web-2']) await serve(lab, lab.placeOf(lab.pod(pod)), 8080, 8053);
    await serve(lab, lab.outsidePlace, 9000, 9001);
    // The same tuples on the loopback interface of either are things of their own.
    await serve(lab, client, 9100, 9101);
    await serve(lab, lab.nodePlace, 9100, 9101);
    ping(lab, client, outside.addresses.ipv4, 1);
    await lab.settle();
    const more = ['--netns', client.netns, '--netns', outside.netns];
    const observation = await Observation.start(lab, 60, undefined, more);
    // Each namespace has programs of its own, which take their time to load.
    const links =
      2 * [node, client, outside].reduce((sum, { netns }) => sum + interfaceStatistics(netns).length, 0);
    await until('the agent to attach everywhere', 20, () =>
      observation.objects().links.length < links ? null : true,
    );
    const keep = async (name: string, address: string, port: number): Promise<void> => {
      const connection = await hold(lab, client, { address, port }, BYTES);
      // The last acknowledgement may be delayed.
      await delay(300);
      held.set(name, { connection, facts: tcpSocket(client.netns, connection.localPort) });
    };
    await keep('Service', service, 80);
    await keep('masquerade', outside.addresses.ipv4, 9000);
    await keep('direct', lab.pod('web-2').addresses.ipv4, 8080);
    await keep('IPv6', lab.plan.services[0]?.addresses.ipv6 ?? '', 80);
    short = exchange(lab, client, { address: service, port: 80 }, { send: 100, receive: 100 });
    const send = (place: Place, address: string, port: number, localPort: number): void => {
      sendDatagrams(lab, place, { ...DATAGRAMS, address, port, localPort });
    };
    send(client, service, 53, UDP_PORT.service);
    send(client, outside.addresses.ipv4, 9001, UDP_PORT.outside);
    for (const place of [client, lab.nodePlace]) send(place, '127.0.0.1', 9101, UDP_PORT.loopback);
    ping(lab, client, outside.addresses.ipv4, PINGS);
    observed = await observation.interrupt();
    for (const { connection } of held.values()) await connection.close();
  });

  after(async () => {
    await lab.close();
  });

  const flowsOf = (port: number): Flow[] => observed.flows.filter((flow) => flow.client.port === port);

  it('show one flow with the sightings of each', () => {
    const ports = [...held.values()].map(({ connection }) => connection.localPort);
    for (const port of [...ports, short, UDP_PORT.service, UDP_PORT.outside]) {
      const [flow, ...others] = flowsOf(port);
      assert.ok(flow);
      assert.deepEqual(others, []);
      assert.equal(flow.client.name, 'client');
      const seen = new Set(flow.sightings.map(({ netns }) => netns));
      const isOutside = flow.server.address === lab.plan.outside.addresses.ipv4;
      const expected = [inodes.node, inodes.client, ...(isOutside ? [inodes.outside] : [])];
      assert.deepEqual([...seen].sort(), expected.sort(), `port ${port}`);
    }
    const echoes = observed.flows.filter(({ protocol }) => protocol === 'icmp');
    assert.deepEqual(
      echoes.map(({ sent, received }) => [sent.packets, received.packets]),
      [[PINGS, PINGS]],
    );
  });

  it('count each packet once, as the client’s socket has them', () => {
    for (const [name, { connection, facts }] of held) {
      const [flow] = flowsOf(connection.localPort);
      assert.ok(flow, name);
      assert.deepEqual(
        [flow.sent.packets, flow.received.packets],
        [facts.segmentsOut, facts.segmentsIn],
        name,
      );
      assert.equal(flow.tcp?.synRetries, 0, name);
      assert.ok(flow.tcp.handshakeUs !== null, name);
    }
    for (const port of [UDP_PORT.service, UDP_PORT.outside]) {
      const [flow] = flowsOf(port);
      assert.deepEqual([flow?.sent.packets, flow?.received.packets], [DATAGRAMS.count, DATAGRAMS.count]);
    }
  });

  it('name the Service and what was translated, by the node’s connection tracking', () => {
    const [flow] = flowsOf(held.get('Service')?.connection.localPort ?? 0);
    assert.equal(flow?.service?.name, 'web');
    const to = `${flow.server.address}:8080`;
    assert.deepEqual(flow.nat, [{ kind: 'dnat', from: `${service}:80`, to }]);
    const inPod = flow.sightings.filter(({ netns }) => netns === inodes.client).map(({ tuple }) => tuple);
    assert.deepEqual(inPod.map(({ source, destination }) => [source, destination]).sort(), [
      [flow.client.address, service],
      [service, flow.client.address],
    ]);
  });

  it('keep apart what stays within one of them', () => {
    const flows = flowsOf(UDP_PORT.loopback);
    assert.equal(flows.length, 2);
    for (const { sent, received } of flows) {
      assert.deepEqual([sent.packets, received.packets], [DATAGRAMS.count, DATAGRAMS.count]);
    }
  });

  it('and at each point of the node the local end is the one that topology has there', () => {
    assert.ok(assertLocalEnds(observed.flows, lab.plan, inodes.node) > 40);
  });

  it('without anything joined late', () => {
    const { nat, folded } = observed.ledger;
    assert.deepEqual([nat.joinedLate, folded], [0, 0]);
  });
});

function inodeOf(netns: string): number {
  return statSync(netnsPath(netns)).ino;
}
