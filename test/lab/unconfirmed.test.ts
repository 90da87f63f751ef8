/**
 * A connection through a Service whose first packet is dropped after DNAT: connection tracking never confirms it and tells
 * nobody of it, but it is one flow all the same.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Flow } from '../../src/model/flow.ts';
import { delay, runIn } from './commands.ts';
import { Lab } from './lab.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { sendDatagrams } from './traffic.ts';
import { connections } from './truth/connections.ts';

/** Translated by nftables, to one backend. */
const NFT_SERVICE = '10.96.0.20';
const PORT = { iptables: 42_010, nftables: 42_011, datagrams: 42_012 } as const;

/** One for each port, and the echo. */
const CONNECTIONS = Object.keys(PORT).length + 1;

describe('connections that are dropped before they are confirmed', () => {
  let lab: Lab;
  let observed: Observed;
  let service = '';

  before(async function () {
    this.timeout(60_000);
    lab = await Lab.build();
    const { netns } = lab.plan.node;
    service = lab.plan.services[0]?.addresses.ipv4 ?? '';
    const broken = lab.pod('broken').addresses.ipv4;
    const web = lab.pod('web-1').addresses.ipv4;
    runIn(
      netns,
      'nft',
      ['-f', '-'],
      [
        'table ip lab_policy {',
        'chain services { type nat hook prerouting priority -110;',
        `ip daddr ${NFT_SERVICE} tcp dport 81 dnat to ${web}:8080;`,
        `ip daddr ${NFT_SERVICE} icmp type echo-request dnat to ${web}; }`,
        'chain deny { type filter hook forward priority -10;',
        `ip saddr ${broken} tcp dport 8080 counter drop;`,
        `ip saddr ${broken} icmp type echo-request counter drop;`,
        `ip saddr ${broken} udp dport 8053 counter drop; }; }`,
      ].join('\n'),
    );
    await lab.settle();
    const observation = await Observation.start(lab, 30);
    // Long enough for one SYN: by iptables the next would go to another backend.
    await ask(service, 80, PORT.iptables, 700);
    // And for one that is sent again.
    await ask(NFT_SERVICE, 81, PORT.nftables, 1700);
    const datagram = {
      address: service,
      port: 53,
      localPort: PORT.datagrams,
      size: 20,
      count: 1,
      echo: false,
    };
    sendDatagrams(lab, lab.placeOf(lab.pod('broken')), datagram);
    const echoes = lab.spawn(lab.placeOf(lab.pod('broken')), 'busybox', [
      'ping',
      '-c',
      '1',
      '-W',
      '1',
      NFT_SERVICE,
    ]);
    await once(echoes, 'exit');
    await delay(1500);
    const ports = connections(netns).map(({ original }) => original.sourcePort);
    assert.deepEqual(
      Object.values(PORT).filter((port) => ports.includes(port)),
      [],
      'conntrack does not list them',
    );
    observed = await observation.interrupt();
  });

  after(async () => {
    await lab.close();
  });

  async function ask(address: string, port: number, from: number, milliseconds: number): Promise<void> {
    const connect = `require('node:net').connect(${JSON.stringify({ host: address, port, localPort: from })})`;
    const child = lab.spawn(lab.placeOf(lab.pod('broken')), process.execPath, ['-e', connect]);
    await delay(milliseconds);
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  }

  const flowOf = (port: number): Flow => {
    const [flow, ...others] = observed.flows.filter(({ client }) => client.port === port);
    assert.deepEqual(
      others.map(({ client, server }) => [client, server]),
      [],
    );
    assert.ok(flow);
    return flow;
  };

  function assertDropped({ client, server, verdict, drops }: Flow, asked: string, packets: number): void {
    assert.deepEqual([client.name, verdict], ['broken', 'dropped']);
    assert.ok(server.evidence.includes('conntrack'), server.evidence.join());
    assert.deepEqual(
      drops.map(({ reason, packets: count }) => [reason, count]),
      [['NETFILTER_DROP', packets]],
      asked,
    );
  }

  it('is one dropped flow of the client, its Service and the backend that DNAT chose (iptables)', () => {
    const flow = flowOf(PORT.iptables);
    assertDropped(flow, service, 1);
    assert.deepEqual([flow.service?.name, flow.service?.address, flow.server.port], ['web', service, 8080]);
    assert.match(flow.server.name ?? '', /^web-[12]$/);
    const to = `${flow.server.address}:8080`;
    assert.deepEqual(flow.nat, [{ kind: 'dnat', from: `${service}:80`, to }]);
  });

  it('and stays one when the first packet is sent again (nftables)', () => {
    const flow = flowOf(PORT.nftables);
    assertDropped(flow, NFT_SERVICE, 2);
    assert.equal(flow.server.name, 'web-1');
    assert.deepEqual(flow.nat, [
      { kind: 'dnat', from: `${NFT_SERVICE}:81`, to: `${flow.server.address}:8080` },
    ]);
    assert.deepEqual([flow.sent.packets, flow.tcp?.synRetries], [2, 1]);
  });

  it('likewise of datagrams', () => {
    const flow = flowOf(PORT.datagrams);
    assertDropped(flow, service, 1);
    assert.equal(flow.service?.portName, 'lookup');
    assert.equal(flow.server.port, 8053);
  });

  it('and of an echo request', () => {
    const [flow, ...others] = observed.flows.filter(({ protocol }) => protocol === 'icmp');
    assert.ok(flow);
    assert.deepEqual(others, []);
    assertDropped(flow, NFT_SERVICE, 1);
    assert.deepEqual(flow.nat, [{ kind: 'dnat', from: NFT_SERVICE, to: flow.server.address }]);
  });

  it('every drop in its row, joined late at most once a connection', () => {
    // A packet between the reading of events and the drain is counted an interval before its drop is told.
    const { joinedLate } = observed.ledger.nat;
    assert.ok(joinedLate <= CONNECTIONS, `${joinedLate} joined late`);
    assert.equal(observed.ledger.drops.unattributed, 0);
  });
});
