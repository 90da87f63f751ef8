/** Who the ends of a flow are: pods, a Service, a process of the node, and a host outside. */
import assert from 'node:assert/strict';
import type { Flow } from '../../src/model/flow.ts';
import { Lab } from './lab.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { exchange, serve } from './traffic.ts';

describe('names', () => {
  let lab: Lab;
  let observed: Observed;
  const ports = { service: [] as number[], direct: 0, outside: 0, hostNetwork: 0, toHostNetwork: 0 };

  before(async function () {
    this.timeout(60_000);
    lab = await Lab.build();
    const client = lab.placeOf(lab.pod('client'));
    const node = lab.placeOf(lab.hostNetworkPod);
    for (const name of ['web-1', 'web-2']) await serve(lab, lab.placeOf(lab.pod(name)), 8080, 8053);
    await serve(lab, lab.outsidePlace, 9000, 9001);
    await serve(lab, node, 9100, 9101);
    const observation = await Observation.start(lab, 6);
    const to = (address: string, port: number, from = client): number =>
      exchange(lab, from, { address, port }, { send: 100, receive: 1000 });
    const service = lab.plan.services[0]?.addresses.ipv4 ?? '';
    ports.service = [to(service, 80), to(service, 80), to(service, 80), to(service, 80)];
    ports.direct = to(lab.pod('web-2').addresses.ipv6, 8080);
    ports.outside = to(lab.plan.outside.addresses.ipv4, 9000);
    ports.hostNetwork = to(lab.plan.outside.addresses.ipv4, 9000, node);
    ports.toHostNetwork = to(lab.plan.node.addresses.ipv4, 9100);
    observed = await observation.end();
  });

  after(async () => {
    await lab.close();
  });

  const flowsFrom = (port: number): Flow[] =>
    observed.flows.filter((flow) => flow.protocol === 'tcp' && flow.client.port === port);

  it('a pod by its veth, with uid, workload and node', () => {
    const [flow] = flowsFrom(ports.direct);
    assert.ok(flow);
    const client = lab.pod('client');
    assert.equal(flow.client.kind, 'pod');
    assert.equal(flow.client.namespace, client.namespace);
    assert.equal(flow.client.name, 'client');
    assert.equal(flow.client.uid, client.uid);
    assert.equal(flow.client.node, lab.plan.node.name);
    assert.deepEqual(flow.client.workload, { kind: 'Deployment', name: 'client' });
    assert.ok(flow.client.evidence.includes('veth'), flow.client.evidence.join());
    assert.equal(flow.server.kind, 'pod');
    assert.equal(flow.server.name, 'web-2');
    assert.equal(flow.initiator, 'certain');
  });

  it('a pod asks for a Service, and both backends answer', () => {
    const answered = new Set<string>();
    for (const port of ports.service) {
      const [flow, ...others] = flowsFrom(port);
      assert.ok(flow);
      assert.deepEqual(others, [], 'one connection is one flow, before and after translation');
      assert.equal(flow.service?.name, 'web');
      assert.equal(flow.client.name, 'client');
      assert.equal(flow.server.kind, 'pod');
      assert.ok(flow.server.evidence.includes('conntrack'), flow.server.evidence.join());
      answered.add(flow.server.name ?? '');
    }
    assert.deepEqual([...answered].sort(), ['web-1', 'web-2']);
  });

  it('a host outside is external, and the client stays the pod in spite of the masquerade', () => {
    const [flow, ...others] = flowsFrom(ports.outside);
    assert.ok(flow);
    assert.deepEqual(others, []);
    assert.deepEqual(
      flow.nat.map(({ kind }) => kind),
      ['masquerade'],
    );
    assert.equal(flow.client.name, 'client');
    assert.equal(flow.server.kind, 'external');
    assert.equal(flow.server.address, lab.plan.outside.addresses.ipv4);
  });

  it('a pod in the network of the node, by its socket, as client and as server', () => {
    const [asked] = flowsFrom(ports.hostNetwork);
    const [served] = flowsFrom(ports.toHostNetwork);
    assert.ok(asked && served);
    for (const { kind, name, uid, evidence, candidates } of [asked.client, served.server]) {
      assert.deepEqual([kind, name, uid], ['pod', lab.hostNetworkPod.name, lab.hostNetworkPod.uid]);
      assert.deepEqual(evidence, ['cgroup', 'node-ip']);
      assert.deepEqual(candidates, []);
    }
  });
});
