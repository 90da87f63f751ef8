/** Whose sockets the ends of flows are: what cgroups and socket tables tell beyond addresses, against ss. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Flow, FlowEnd } from '../../src/model/flow.ts';
import { delay } from './commands.ts';
import { Lab } from './lab.ts';
import type { Place } from './lab.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import {
  hostPod,
  loginPlace,
  secondContainer,
  sendShared,
  serveShared,
  sink,
  talk,
  writeInventory,
} from './owners.ts';
import type { PodPlan } from './plan.ts';
import { exchange, hold, ping, sendDatagrams, serve } from './traffic.ts';
import { acceptingCgroup, cgroupsBySs } from './truth/socketCgroups.ts';

/** Local ports of connections that are there before the session and during all of it. */
const OLD = 20_001;
const TALKERS = { exporter: 20_011, proxy: 20_012, dns: 20_013, unit: 20_014, login: 20_015 };
/** UDP ports that take and never answer. */
const SINK = 9501;
const SHARED_SINK = 9502;
const CONTAINER_SINKS = { client: 9601, sidecar: 9602 };
/** Served over TCP by two pods at once. */
const SHARED_SERVER = 9400;
/** A local port that two pods send datagrams from to one address. */
const SHARED_SENDER = 20_021;

describe('owners of sockets', function () {
  this.timeout(120_000);
  let lab: Lab;
  let observed: Observed;
  let pods: Record<'exporter' | 'proxy' | 'dns', PodPlan>;
  let sidecar: PodPlan;
  let command: string;
  let servedBy: Record<number, string[]>;
  const ports = { main: 0, sidecar: 0 };
  /** By the client's port: the cgroup that ss has for the server's end. */
  const acceptedBy = new Map<number, string>();

  before(async () => {
    lab = await Lab.build();
    const { node, outside } = lab.plan;
    pods = { exporter: lab.hostNetworkPod, proxy: hostPod(lab, 'proxy-1'), dns: hostPod(lab, 'dns-1') };
    sidecar = secondContainer(lab.pod('client'), 'sidecar');
    const inventory = writeInventory(lab, [pods.proxy, pods.dns], [sidecar]);
    const client = lab.placeOf(lab.pod('client'));
    const web = lab.placeOf(lab.pod('web-1'));

    await serve(lab, lab.outsidePlace, 9000, 9001);
    await serve(lab, web, 8080, 8053);
    await serve(lab, lab.placeOf(pods.exporter), 9100, 9101);
    await serve(lab, lab.placeOf(pods.proxy), 9200, 9201);
    await serve(lab, lab.placeOf(pods.dns), 9300, 9301);
    await sink(lab, lab.placeOf(pods.dns), SINK, 'alone');
    for (const pod of [pods.proxy, pods.dns]) {
      await sink(lab, lab.placeOf(pod), SHARED_SINK, 'shared');
      await serveShared(lab, lab.placeOf(pod), SHARED_SERVER);
    }
    await sink(lab, client, CONTAINER_SINKS.client, 'alone');
    await sink(lab, lab.placeOf(sidecar), CONTAINER_SINKS.sidecar, 'alone');
    const to = { address: outside.addresses.ipv4, port: 9000 };
    await talk(lab, lab.placeOf(pods.proxy), to, OLD);

    const observation = await Observation.start(lab, 60, undefined, ['--inventory', inventory]);
    // Three pods on one address at once, and two processes of the node.
    const started = await Promise.all([
      talk(lab, lab.placeOf(pods.exporter), to, TALKERS.exporter),
      talk(lab, lab.placeOf(pods.proxy), to, TALKERS.proxy),
      talk(lab, lab.placeOf(pods.dns), to, TALKERS.dns),
      talk(lab, lab.nodePlace, to, TALKERS.unit),
      talk(lab, loginPlace(lab), to, TALKERS.login),
    ]);
    command = readFileSync(`/proc/${started[4]}/comm`, 'utf8').trim();
    const shared = { address: node.addresses.ipv4, port: SHARED_SERVER };
    for (let number = 0; number < 8; number += 1) {
      const connection = await hold(lab, client, shared, { send: 0, receive: 1 });
      acceptedBy.set(connection.localPort, acceptingCgroup(lab, SHARED_SERVER, connection.localPort));
    }
    for (const pod of [pods.proxy, pods.dns]) {
      await sendShared(lab, lab.placeOf(pod), { address: outside.addresses.ipv4, port: 9001 }, SHARED_SENDER);
    }
    for (const port of [9100, 9200, 9300]) {
      exchange(lab, client, { address: node.addresses.ipv4, port }, { send: 100, receive: 100 });
      exchange(lab, client, { address: node.addresses.ipv6, port }, { send: 100, receive: 100 });
    }
    const send = (from: Place, address: string, port: number, localPort: number): void => {
      sendDatagrams(lab, from, { address, port, count: 3, size: 50, localPort, echo: false });
    };
    for (let round = 0; round < 3; round += 1) {
      send(client, node.addresses.ipv4, SINK, 21_001);
      send(client, node.addresses.ipv4, SHARED_SINK, 21_002);
      send(web, lab.pod('client').addresses.ipv4, CONTAINER_SINKS.client, 21_003);
      send(web, lab.pod('client').addresses.ipv4, CONTAINER_SINKS.sidecar, 21_004);
      await delay(1500);
    }
    ports.main = exchange(
      lab,
      client,
      { address: lab.pod('web-1').addresses.ipv4, port: 8080 },
      { send: 9, receive: 9 },
    );
    ports.sidecar = exchange(
      lab,
      lab.placeOf(sidecar),
      { address: lab.pod('web-1').addresses.ipv4, port: 8080 },
      { send: 9, receive: 9 },
    );
    ping(lab, client, node.addresses.ipv4, 3);
    servedBy = Object.fromEntries([
      ...[9100, 9200, 9300].map((port) => [port, cgroupsBySs(lab, 'tcp', port, false)] as const),
      ...[SINK, SHARED_SINK].map((port) => [port, cgroupsBySs(lab, 'udp', port, false)] as const),
      ...[OLD, ...Object.values(TALKERS)].map((port) => [port, cgroupsBySs(lab, 'tcp', port, true)] as const),
    ]);
    observed = await observation.interrupt();
  });

  after(async () => {
    await lab.close();
  });

  /** The one flow with this port at an end. */
  const flowOf = (port: number): Flow => {
    const [flow, ...others] = observed.flows.filter(
      ({ client, server, sightings }) =>
        (client.port === port || server.port === port) && sightings.length > 0,
    );
    assert.ok(flow !== undefined && others.length === 0, `there is not one flow with port ${port}`);
    return flow;
  };
  const endOf = (port: number): FlowEnd => {
    const { client, server } = flowOf(port);
    return client.port === port ? client : server;
  };
  const assertPod = (end: FlowEnd, pod: PodPlan, evidence: string): void => {
    const { kind, namespace, name, uid, container } = end;
    assert.deepEqual(
      { kind, namespace, name, uid, container },
      { kind: 'pod', namespace: pod.namespace, name: pod.name, uid: pod.uid, container: pod.container },
    );
    assert.ok(end.evidence.includes(evidence as never), end.evidence.join());
    assert.deepEqual(end.candidates, []);
  };

  it('three pods in the network of the node are told apart while they talk at once', () => {
    for (const [name, pod] of Object.entries(pods)) {
      const port = TALKERS[name as keyof typeof pods];
      assertPod(endOf(port), pod, 'cgroup');
      assert.ok(
        servedBy[port]?.every((path) => path.endsWith(pod.containerId)),
        servedBy[port]?.join(),
      );
    }
  });

  it('and by the ports that they serve, in both families', () => {
    for (const [port, pod] of [
      [9100, pods.exporter],
      [9200, pods.proxy],
      [9300, pods.dns],
    ] as const) {
      const flows = observed.flows.filter(({ server }) => server.port === port);
      assert.equal(flows.length, 2);
      for (const { server } of flows) assertPod(server, pod, 'cgroup');
      assert.deepEqual(
        servedBy[port]?.map((path) => path.endsWith(pod.containerId)),
        [true],
      );
    }
  });

  it('a connection from before the session', () => {
    assertPod(endOf(OLD), pods.proxy, 'cgroup');
  });

  it('who only receives, by the socket that was there before the packets', () => {
    assertPod(endOf(SINK), pods.dns, 'listener');
    assert.deepEqual(
      servedBy[SINK]?.map((path) => path.endsWith(pods.dns.containerId)),
      [true],
    );
  });

  it('two that share a port are candidates, and none is picked', () => {
    const end = endOf(SHARED_SINK);
    assert.equal(end.kind, 'node');
    assert.deepEqual(end.candidates, ['shop/dns-1 dns-1', 'shop/proxy-1 proxy-1']);
    assert.equal(servedBy[SHARED_SINK]?.length, 2);
  });

  it('who answers on a shared port, connection by connection', () => {
    const answered = new Set<string>();
    for (const [port, cgroup] of acceptedBy) {
      const pod = cgroup.endsWith(pods.dns.containerId) ? pods.dns : pods.proxy;
      assert.ok(cgroup.endsWith(pod.containerId), cgroup);
      assertPod(flowOf(port).server, pod, 'cgroup');
      answered.add(pod.name);
    }
    assert.equal(answered.size, 2);
  });

  it('two that send from one port to one address are candidates', () => {
    const end = endOf(SHARED_SENDER);
    assert.equal(end.kind, 'node');
    assert.deepEqual(end.candidates, ['shop/dns-1 dns-1', 'shop/proxy-1 proxy-1']);
  });

  it('processes of the node by unit, else by command', () => {
    const { kind, name, node, evidence } = endOf(TALKERS.unit);
    assert.deepEqual([kind, name, node], ['process', 'node-agent.service', lab.plan.node.name]);
    assert.ok(evidence.includes('cgroup'), evidence.join());
    const login = endOf(TALKERS.login);
    assert.deepEqual([login.kind, login.name], ['process', command]);
    assert.ok(login.evidence.includes('process'), login.evidence.join());
  });

  it('the containers of a pod apart, also where one only receives', () => {
    const client = lab.pod('client');
    const direct = (port: number): FlowEnd => endOf(port);
    assertPod(direct(ports.main), client, 'cgroup');
    assertPod(direct(ports.sidecar), sidecar, 'cgroup');
    assertPod(endOf(CONTAINER_SINKS.client), client, 'listener');
    assertPod(endOf(CONTAINER_SINKS.sidecar), sidecar, 'listener');
  });

  it('the kernel, which answers echo requests', () => {
    const flow = observed.flows.find(
      ({ protocol, server }) => protocol === 'icmp' && server.address === lab.plan.node.addresses.ipv4,
    );
    assert.deepEqual([flow?.server.kind, flow?.server.name], ['process', 'kernel']);
    assert.deepEqual(flow?.server.evidence, ['kernel']);
  });
});
