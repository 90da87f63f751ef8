/**
 * Connections across NAT, each one flow: what conntrack lists is what the flows say, and packets are counted once, as the
 * sockets and nftables have them.
 */
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import type { Flow } from '../../src/model/flow.ts';
import { delay, netnsPath, runIn } from './commands.ts';
import { Lab } from './lab.ts';
import type { Place } from './lab.ts';
import { addServices, NODE_PORT, SERVICE } from './natRules.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { exchange, hold, ping, sendDatagrams, serve } from './traffic.ts';
import type { HeldConnection } from './traffic.ts';
import { connections } from './truth/connections.ts';
import type { Connection } from './truth/connections.ts';
import { assertLocalEnds } from './truth/localEnds.ts';
import { PacketCounters } from './truth/packetCounters.ts';
import type { PacketCounts } from './truth/packetCounters.ts';
import { tcpSocket } from './truth/tcpSockets.ts';
import type { TcpSocketFacts } from './truth/tcpSockets.ts';

const DATAGRAMS = { count: 40, size: 100, echo: true };
const UDP_PORT = { ipv4: 42_004, ipv6: 42_006, outside: 42_008, nftables: 42_010, hairpin: 42_012 } as const;
const PINGS = 3;
const BYTES = { send: 200_000, receive: 50_000 };

describe('NAT', () => {
  let lab: Lab;
  let observed: Observed;
  let listed: Connection[];
  let counted: PacketCounts;
  let counters: PacketCounters;
  let older: HeldConnection;
  let service: { ipv4: string; ipv6: string };
  const held = new Map<string, { connection: HeldConnection; facts: TcpSocketFacts; netns: string }>();

  before(async function () {
    this.timeout(120_000);
    lab = await Lab.build();
    const { node, outside } = lab.plan;
    const [client, other, web1, web2] = ['client', 'broken', 'web-1', 'web-2'].map((name) =>
      lab.placeOf(lab.pod(name)),
    ) as [Place, Place, Place, Place];
    service = lab.plan.services[0]?.addresses ?? { ipv4: '', ipv6: '' };
    addServices(lab, service.ipv4);
    for (const place of [web1, web2]) await serve(lab, place, 8080, 8053);
    await serve(lab, lab.outsidePlace, 9000, 9001);
    older = await hold(lab, client, { address: service.ipv4, port: 80 }, BYTES);
    // Neighbours are learned before anything is counted.
    ping(lab, client, outside.addresses.ipv4, 1);
    await lab.settle();
    const veth = lab.pod('client').hostInterface ?? '';
    counters = new PacketCounters(node.netns, 'truth', [veth], {
      udp: `udp dport 53 udp sport ${UDP_PORT.ipv4}`,
      answers: `udp sport 53 udp dport ${UDP_PORT.ipv4}`,
    });
    runIn(node.netns, 'conntrack', ['-D', '-p', 'icmp']);

    const observation = await Observation.start(lab, 30);
    const start = counters.read();
    const keep = async (name: string, place: Place, address: string, port: number): Promise<void> => {
      const connection = await hold(lab, place, { address, port }, BYTES);
      // The last acknowledgement may be delayed.
      await delay(300);
      held.set(name, { connection, facts: tcpSocket(place.netns, connection.localPort), netns: place.netns });
    };
    await keep('iptables', client, service.ipv4, 80);
    await keep('ip6tables', client, service.ipv6, 80);
    await keep('nftables', client, SERVICE.nftables, 81);
    await keep('hairpin', web1, SERVICE.own, 80);
    await keep('hairpin by nftables', web1, SERVICE.ownByNftables, 80);
    await keep('NodePort', lab.outsidePlace, node.addresses.ipv4, NODE_PORT);
    await keep('masquerade', client, outside.addresses.ipv4, 9000);
    await keep('direct', client, lab.pod('web-2').addresses.ipv4, 8080);
    for (let short = 0; short < 4; short += 1) {
      exchange(lab, client, { address: service.ipv4, port: 80 }, { send: 100, receive: 100 });
    }
    for (const address of [SERVICE.affine, SERVICE.affineByNftables]) {
      for (const place of [client, other]) {
        for (let short = 0; short < 3; short += 1) {
          exchange(lab, place, { address, port: 80 }, { send: 100, receive: 100 });
        }
      }
    }
    for (const family of ['ipv4', 'ipv6'] as const) {
      sendDatagrams(lab, client, {
        ...DATAGRAMS,
        address: service[family],
        port: 53,
        localPort: UDP_PORT[family],
      });
    }
    const away = { address: outside.addresses.ipv4, port: 9001, localPort: UDP_PORT.outside };
    sendDatagrams(lab, client, { ...DATAGRAMS, ...away });
    const byNftables = { address: SERVICE.nftables, port: 53, localPort: UDP_PORT.nftables };
    sendDatagrams(lab, client, { ...DATAGRAMS, ...byNftables });
    const toItself = { address: SERVICE.own, port: 53, localPort: UDP_PORT.hairpin };
    sendDatagrams(lab, web1, { ...DATAGRAMS, ...toItself });
    ping(lab, client, service.ipv4, PINGS);
    ping(lab, client, SERVICE.nftables, PINGS);
    ping(lab, client, outside.addresses.ipv4, PINGS);
    counted = counters.read().since(start);
    await older.close();
    listed = connections(node.netns);
    observed = await observation.interrupt();
    for (const { connection } of held.values()) await connection.close();
  });

  after(async () => {
    await lab.close();
  });

  const flowOf = ({ protocol, original, reply }: Connection): Flow[] =>
    observed.flows.filter(
      (flow) =>
        flow.protocol === protocol &&
        flow.client.address === original.source &&
        flow.client.port === original.sourcePort &&
        flow.server.address === reply.source,
    );

  it('one flow for each connection that conntrack lists, and no other', () => {
    assert.ok(listed.length >= 31, `${listed.length} connections`);
    for (const connection of listed) assert.equal(flowOf(connection).length, 1, connection.line);
    const tracked = new Set(listed.flatMap(flowOf));
    const protocols = ['tcp', 'udp', 'icmp'];
    const others = observed.flows.filter(
      (flow) => protocols.includes(flow.protocol) && flow.sightings.length > 0 && !tracked.has(flow),
    );
    assert.deepEqual(others, []);
  });

  it('what was translated, as conntrack has it', () => {
    const text = (address: string, port: number, protocol: string): string => {
      if (protocol === 'icmp') return address;
      return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
    };
    for (const connection of listed) {
      const { protocol, original, reply, line } = connection;
      const expected: { kind: string; from: string; to: string }[] = [];
      const asked = text(original.destination, original.destinationPort, protocol);
      const answered = text(reply.source, reply.sourcePort, protocol);
      if (asked !== answered) expected.push({ kind: 'dnat', from: asked, to: answered });
      const from = text(original.source, original.sourcePort, protocol);
      const to = text(reply.destination, reply.destinationPort, protocol);
      if (from !== to) expected.push({ kind: 'masquerade', from, to });
      assert.deepEqual(flowOf(connection)[0]?.nat, expected, line);
    }
  });

  it('packets of TCP once, as the client’s socket has them', () => {
    for (const [name, { connection, facts }] of held) {
      const [flow] = observed.flows.filter(
        ({ protocol, client }) => protocol === 'tcp' && client.port === connection.localPort,
      );
      assert.ok(flow, name);
      assert.equal(flow.sent.packets, facts.segmentsOut, `${name}: sent`);
      assert.equal(flow.received.packets, facts.segmentsIn, `${name}: received`);
      assert.equal(flow.initiator, 'certain');
      assert.equal(flow.tcp?.synRetries, 0, name);
    }
  });

  it('datagrams and echoes once, as they were sent and as nftables counts them at the client’s veth', () => {
    const veth = lab.pod('client').hostInterface ?? '';
    const byPort = (port: number): Flow | undefined =>
      observed.flows.find(({ protocol, client }) => protocol === 'udp' && client.port === port);
    for (const port of Object.values(UDP_PORT)) {
      const flow = byPort(port);
      assert.deepEqual([flow?.sent.packets, flow?.received.packets], [DATAGRAMS.count, DATAGRAMS.count]);
    }
    const flow = byPort(UDP_PORT.ipv4);
    assert.equal(flow?.sent.packets, counted.of('udp', veth, 'ingress').packets);
    assert.equal(flow.received.packets, counted.of('answers', veth, 'egress').packets);
    const echoes = observed.flows.filter(({ protocol }) => protocol === 'icmp');
    assert.equal(echoes.length, 3);
    for (const { sent, received } of echoes) {
      assert.deepEqual([sent.packets, received.packets], [PINGS, PINGS]);
    }
  });

  it('connections of one client to the same backend where the Service keeps them there', () => {
    for (const address of [SERVICE.affine, SERVICE.affineByNftables]) {
      const flows = observed.flows.filter(({ nat }) => nat.some(({ from }) => from === `${address}:80`));
      const pairs = flows.map(({ client, server }) => `${client.name ?? ''} to ${server.name ?? ''}`);
      assert.deepEqual([flows.length, new Set(pairs).size], [6, 2], pairs.join());
      assert.equal(new Set(flows.map(({ server }) => server.name)).size, 2);
    }
  });

  it('each sighting under the tuple that passed there, and the Service by the address that was asked', () => {
    const flow = observed.flows.find(
      ({ client }) => client.port === held.get('iptables')?.connection.localPort,
    );
    assert.ok(flow);
    assert.deepEqual(
      [flow.client.name, flow.service?.name, flow.service?.address],
      ['client', 'web', service.ipv4],
    );
    const seen = (name: string | null): string[] => [
      ...new Set(
        flow.sightings
          .filter((sighting) => sighting.interface === name && sighting.tuple.source === flow.client.address)
          .map(({ tuple }) => `${tuple.destination}:${tuple.destinationPort}`),
      ),
    ];
    assert.deepEqual(seen(lab.pod('client').hostInterface), [`${service.ipv4}:80`]);
    assert.deepEqual(seen(lab.pod(flow.server.name ?? '').hostInterface), [`${flow.server.address}:8080`]);
  });

  it('a connection older than the session is the same: its client and Service are known without its SYN', () => {
    const flow = observed.flows.find(({ client }) => client.port === older.localPort);
    assert.ok(flow);
    assert.equal(flow.tcp?.flags.includes('SYN'), false);
    assert.deepEqual([flow.client.name, flow.service?.name, flow.initiator], ['client', 'web', 'certain']);
    assert.equal(flow.nat.length, 1);
  });

  it('at each point the source is local where packets leave, the destination where they arrive', () => {
    const netns = statSync(netnsPath(lab.plan.node.netns)).ino;
    assert.ok(assertLocalEnds(observed.flows, lab.plan, netns) > 80);
  });

  it('nothing had to be joined late, and nothing was lost', () => {
    const { nat, folded } = observed.ledger;
    assert.deepEqual([nat.available, nat.joinedLate, nat.overruns, nat.evicted, folded], [true, 0, 0, 0, 0]);
  });
});
