/** Names of outside addresses, from the DNS answers that each client got: a real server behind a Service, and tshark. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Flow, FlowEnd } from '../../src/model/flow.ts';
import { delay, runIn } from './commands.ts';
import type { Place } from './lab.ts';
import { Lab } from './lab.ts';
import type { HeldConnection } from './traffic.ts';
import { exchange, hold, serve } from './traffic.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { Sniffer } from './truth/sniffer.ts';

/** Where pods ask, as they would kube-dns. */
const DNS_SERVICE = '10.96.0.53';
/** Seconds. */
const [SHORT, LONG] = [4, 60];
const PORT = 9000;

describe('names of outside addresses', function () {
  this.timeout(120_000);
  let lab: Lab;
  let observed: Observed;
  /** Asked name, and the addresses that came back to the client pod, as tshark reads them. */
  let answers: string[][];
  const ports = new Map<string, number>();

  before(async () => {
    lab = await Lab.build();
    const { ipv4, ipv6 } = lab.plan.outside.addresses;
    const [client, other] = [lab.placeOf(lab.pod('client')), lab.placeOf(lab.pod('broken'))];
    const hostNetwork = lab.placeOf(lab.hostNetworkPod);
    const server = lab.pod('web-1').addresses.ipv4;
    lab.spawn(lab.placeOf(lab.pod('web-1')), 'dnsmasq', [
      ...['--no-daemon', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--user=root', '--pid-file='],
      `--host-record=edge.shop.test,${ipv4},${ipv6},${SHORT}`,
      `--cname=www.shop.test,edge.shop.test,${LONG}`,
      `--host-record=second.shop.test,${ipv4},${LONG}`,
      `--host-record=node.shop.test,${ipv4},${LONG}`,
    ]);
    for (const protocol of ['udp', 'tcp']) {
      const rule = ['-d', DNS_SERVICE, '-p', protocol, '--dport', '53', '-j', 'DNAT', '--to-destination'];
      runIn(lab.plan.node.netns, 'iptables', ['-t', 'nat', '-A', 'PREROUTING', ...rule, `${server}:53`]);
    }
    await serve(lab, lab.outsidePlace, PORT, PORT + 1);
    await delay(1000);
    const observation = await Observation.start(lab, 26);
    const sniffer = await Sniffer.start(
      lab.plan.node.netns,
      [lab.pod('client').hostInterface ?? ''],
      'src port 53',
      ['dns.qry.name', 'dns.a', 'dns.aaaa'],
    );
    const ask = async (place: Place, at: string, name: string, type: 'A' | 'AAAA'): Promise<void> => {
      const args = ['+tries=1', '+time=2', '+nosearch', `@${at}`, name, type];
      const child = lab.spawn(place, 'dig', args);
      child.stdout?.resume();
      await once(child, 'exit');
    };
    const connect = (name: string, place: Place, address: string): void => {
      ports.set(name, exchange(lab, place, { address, port: PORT }, { send: 100, receive: 1000 }));
    };
    connect('before the answer', client, ipv4);
    await delay(100);
    await ask(client, DNS_SERVICE, 'www.shop.test', 'A');
    connect('by alias', client, ipv4);
    connect('of another pod', other, ipv4);
    await ask(client, DNS_SERVICE, 'WWW.shop.test', 'AAAA');
    connect('of six', client, ipv6);
    const held: HeldConnection = await hold(
      lab,
      client,
      { address: ipv4, port: PORT },
      { send: 1, receive: 1 },
    );
    ports.set('held', held.localPort);
    await delay((SHORT + 2) * 1000);
    connect('after the time to live', client, ipv4);
    await held.close();
    await ask(client, DNS_SERVICE, 'second.shop.test', 'A');
    connect('by the second name', client, ipv4);
    // Times of flows are exact to two jiffies.
    await delay(100);
    await ask(client, DNS_SERVICE, 'edge.shop.test', 'A');
    connect('by two names', client, ipv4);
    await ask(hostNetwork, server, 'node.shop.test', 'A');
    connect('of the pod in the node’s network', hostNetwork, ipv4);
    connect('of a process of the node', lab.nodePlace, ipv4);
    answers = await sniffer.end();
    observed = await observation.end();
  });

  after(async () => {
    await lab.close();
  });

  function flowOf(name: string): Flow {
    const found = observed.flows.filter(
      ({ protocol, client, server }) =>
        protocol === 'tcp' && client.port === ports.get(name) && server.port === PORT,
    );
    assert.equal(found.length, 1, name);
    return found[0] ?? assert.fail();
  }

  function outside(name: string): Pick<FlowEnd, 'kind' | 'name' | 'names' | 'evidence' | 'candidates'> {
    const { kind, name: own, names, evidence, candidates } = flowOf(name).server;
    return { kind, name: own, names, evidence, candidates };
  }

  const named = (...names: string[]): ReturnType<typeof outside> => {
    const candidates = names.length > 1 ? names : [];
    return {
      kind: 'external',
      name: null,
      names,
      evidence: names.length > 0 ? ['dns'] : ['none'],
      candidates,
    };
  };

  it('has the asked name, though the answer is an alias’ and came through a Service', () => {
    assert.equal(flowOf('by alias').client.name, 'client');
    assert.deepEqual(outside('by alias'), named('www.shop.test'));
    assert.deepEqual(outside('of six'), named('www.shop.test'));
  });

  it('has no name for a pod that did not ask, and for who connected before it asked', () => {
    assert.equal(flowOf('of another pod').client.name, 'broken');
    assert.deepEqual(outside('of another pod'), named());
    assert.deepEqual(outside('before the answer'), named());
  });

  it('has none after the time to live, and keeps that of a connection that goes on', () => {
    assert.deepEqual(outside('held'), named('www.shop.test'));
    const { start, end } = flowOf('held');
    assert.ok(Date.parse(end) - Date.parse(start) > SHORT * 1000);
    assert.deepEqual(outside('after the time to live'), named());
  });

  it('lists all names that hold, the newest first', () => {
    assert.deepEqual(outside('by the second name'), named('second.shop.test'));
    assert.deepEqual(outside('by two names'), named('edge.shop.test', 'second.shop.test'));
  });

  it('tells a pod in the node’s network from a process of the node', () => {
    assert.equal(flowOf('of the pod in the node’s network').client.name, lab.hostNetworkPod.name);
    assert.deepEqual(outside('of the pod in the node’s network'), named('node.shop.test'));
    assert.deepEqual(outside('of a process of the node'), named());
  });

  it('has the names that tshark reads in the answers to the pod, and no other', () => {
    const { ipv4, ipv6 } = lab.plan.outside.addresses;
    const told = answers
      .filter(([, a, aaaa]) => a === ipv4 || aaaa === ipv6)
      .map(([name]) => name?.toLowerCase());
    const shown = observed.flows
      .filter(({ client }) => client.name === 'client')
      .flatMap(({ server }) => (server.evidence.includes('dns') ? server.names : []));
    assert.deepEqual([...new Set(shown)].sort(), [...new Set(told)].sort());
    assert.ok(told.length >= 4);
    assert.equal(observed.ledger.dns.unmatched, 0);
  });
});
