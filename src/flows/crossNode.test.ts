import assert from 'node:assert/strict';
import { FlowStore } from './flowStore.ts';
import type { PlainEnd, SeenFlow } from './testing/crossNode.ts';
import { shownRow, shownRows, TestAgent } from './testing/crossNode.ts';

const WEB: PlainEnd = {
  address: '10.244.0.2',
  port: 40_000,
  name: 'web-1',
  evidence: 'cgroup',
  node: 'node-a',
};
const API: PlainEnd = {
  address: '10.244.1.3',
  port: 8080,
  name: 'api-1',
  evidence: 'cgroup',
  node: 'node-b',
};
const NODE_A: PlainEnd = {
  address: '192.168.0.1',
  port: 61_000,
  name: 'node-a',
  evidence: 'node-ip',
  node: 'node-a',
};
const byAddress = (end: PlainEnd): PlainEnd => ({ ...end, evidence: 'pod-ip' });
const ASKED = { address: '10.96.0.10', port: 80 };

const times = { start: 1_000_000, end: 1_010_000 };
const atClient: SeenFlow = {
  id: 1,
  from: WEB,
  to: byAddress(API),
  ...times,
  sentBytes: 1000,
  receivedBytes: 5000,
  points: ['from-endpoint', 'to-network'],
};
const atServer: SeenFlow = {
  id: 1,
  from: byAddress(WEB),
  to: API,
  start: times.start + 1,
  end: times.end + 1,
  sentBytes: 990,
  receivedBytes: 5100,
  points: ['from-network', 'to-endpoint'],
};

describe('flows that agents of several nodes saw', () => {
  let store: FlowStore;
  let nodeA: TestAgent;
  let nodeB: TestAgent;
  beforeEach(() => {
    store = new FlowStore();
    nodeA = new TestAgent(0, 'node-a');
    nodeB = new TestAgent(1, 'node-b');
  });

  it('are one row, with the counts of the client’s node and every node’s sightings', () => {
    store.apply(nodeB.update([atServer]));
    store.apply(nodeA.update([atClient]));
    const [row, ...others] = shownRows(store);
    assert.deepEqual(others, []);
    assert.deepEqual([row?.client, row?.server], ['web-1', 'api-1']);
    assert.deepEqual([row?.sentBytes, row?.receivedBytes], [1000, 5000]);
    assert.deepEqual([row?.start, row?.end], [times.start, times.end + 1]);
    assert.deepEqual(row?.sightings, [
      'node-a from-endpoint',
      'node-a to-network',
      'node-b from-network',
      'node-b to-endpoint',
    ]);
  });

  it('have the Service and the NAT that the client’s node knows', () => {
    store.apply(nodeA.update([{ ...atClient, service: 'api', askedAt: ASKED }]));
    store.apply(nodeB.update([atServer]));
    const [row] = shownRows(store);
    assert.equal(store.size, 1);
    assert.equal(row?.service, 'api');
    assert.deepEqual(row.nat, ['dnat 10.96.0.10:80 10.244.1.3:8080']);
  });

  it('say of a translation who made it, as the node says that tells of it', () => {
    const answering = { ...API, evidence: 'cilium' } as const;
    store.apply(nodeA.update([{ ...atClient, to: answering, service: 'api', askedAt: ASKED }]));
    store.apply(nodeB.update([atServer]));
    const [translation] = store.detail(0, 1)?.nat ?? [];
    assert.deepEqual([translation?.node, translation?.by], ['node-a', 'cilium']);
  });

  it('are found by the tuple that was asked when the server’s node translates', () => {
    const nodeB80: PlainEnd = {
      address: '192.168.0.2',
      port: 30_080,
      name: 'node-b',
      evidence: 'node-ip',
      node: 'node-b',
    };
    store.apply(nodeA.update([{ ...atClient, to: nodeB80 }]));
    store.apply(nodeB.update([{ ...atServer, askedAt: { address: nodeB80.address, port: 30_080 } }]));
    const [row] = shownRows(store);
    assert.equal(store.size, 1);
    assert.deepEqual([row?.client, row?.server, row?.serverPort], ['web-1', 'api-1', 8080]);
    assert.equal(row?.sentBytes, 1000);
  });

  it('name the pod behind a masquerade, not the node that the server sees', () => {
    const translatedTo = { address: NODE_A.address, port: NODE_A.port };
    store.apply(nodeB.update([{ ...atServer, from: { ...NODE_A, candidates: ['kube-proxy', 'agent'] } }]));
    store.apply(nodeA.update([{ ...atClient, translatedTo }]));
    const [row] = shownRows(store);
    assert.equal(store.size, 1);
    assert.deepEqual([row?.client, row?.clientPort, row?.server], ['web-1', 40_000, 'api-1']);
    assert.deepEqual(row?.nat, ['masquerade 10.244.0.2:40000 192.168.0.1:61000']);
  });

  it('tell of the translations of each node, where one masquerades what another masqueraded before', () => {
    const [first, second] = [
      { address: NODE_A.address, port: NODE_A.port },
      { address: '192.168.0.2', port: 62_000 },
    ];
    store.apply(nodeB.update([{ ...atServer, from: NODE_A, translatedTo: second }]));
    store.apply(nodeA.update([{ ...atClient, translatedTo: first }]));
    const [row] = shownRows(store);
    assert.equal(store.size, 1);
    assert.deepEqual(row?.nat, [
      'masquerade 10.244.0.2:40000 192.168.0.1:61000',
      'masquerade 192.168.0.1:61000 192.168.0.2:62000',
    ]);
  });

  it('are one where a pod reaches a pod of its own node through another node', () => {
    const port: PlainEnd = {
      address: '192.168.0.2',
      port: 30_080,
      name: 'node-b',
      evidence: 'node-ip',
      node: 'node-b',
    };
    const masqueraded: PlainEnd = { ...port, port: 62_000 };
    const backend: PlainEnd = { ...API, node: 'node-a' };
    const askedAt = { address: port.address, port: port.port };
    const translatedTo = { address: masqueraded.address, port: masqueraded.port };
    const out: SeenFlow = { ...atClient, to: port };
    const back: SeenFlow = {
      ...atClient,
      id: 2,
      from: masqueraded,
      to: backend,
      points: ['to-endpoint'],
      sentBytes: 999,
    };
    const through: SeenFlow = {
      ...atServer,
      to: byAddress(backend),
      askedAt,
      translatedTo,
      points: ['from-network'],
    };
    store.apply(nodeA.update([out, back]));
    store.apply(nodeB.update([through]));
    const [row] = shownRows(store);
    assert.equal(store.size, 1);
    assert.deepEqual([row?.client, row?.server, row?.sentBytes], ['web-1', 'api-1', 1000]);
  });

  it('turn an agent’s guess of the client to what another agent is certain of', () => {
    const guessed: SeenFlow = {
      ...atServer,
      from: API,
      to: byAddress(WEB),
      sentBytes: 5100,
      receivedBytes: 990,
      initiatorEvidence: 'port',
      points: [],
    };
    store.apply(nodeB.update([guessed]));
    store.apply(nodeA.update([atClient]));
    const [row] = shownRows(store);
    assert.equal(store.size, 1);
    assert.deepEqual(
      [row?.client, row?.server, row?.clientPort, row?.certain],
      ['web-1', 'api-1', 40_000, true],
    );
    assert.equal(row?.sentBytes, 1000);
  });

  it('keep candidates only where no agent is certain', () => {
    const unsure: PlainEnd = { ...WEB, name: null, evidence: 'listener', candidates: ['web-1', 'web-2'] };
    const unnamed: PlainEnd = { ...WEB, name: 'node-a', evidence: 'node-ip' };
    store.apply(nodeA.update([{ ...atClient, from: unsure }]));
    store.apply(nodeB.update([{ ...atServer, from: unnamed }]));
    assert.equal(shownRows(store)[0]?.client, 'web-1|web-2');
    store.apply(nodeB.update([{ ...atServer, from: byAddress(WEB) }]));
    assert.equal(shownRows(store)[0]?.client, 'web-1');
  });

  it('are dropped where one agent knows, and answered where the client was', () => {
    const unanswered: SeenFlow = { ...atClient, verdict: 'unanswered', receivedBytes: 0, receivedPackets: 0 };
    const dropped: SeenFlow = {
      ...atServer,
      verdict: 'dropped',
      receivedBytes: 0,
      receivedPackets: 0,
      droppedPackets: 3,
    };
    store.apply(nodeA.update([unanswered]));
    store.apply(nodeB.update([dropped]));
    assert.equal(shownRows(store)[0]?.verdict, 'dropped');
    store.apply(nodeA.update([atClient]));
    assert.equal(shownRows(store)[0]?.verdict, 'forwarded');
  });

  it('are two rows when the same ports are used again later', () => {
    const later = { start: times.end + 150, end: times.end + 5000 };
    store.apply(nodeA.update([atClient, { ...atClient, ...later, id: 2, sentBytes: 70 }], { ended: [1] }));
    store.apply(nodeB.update([atServer, { ...atServer, ...later, id: 2, sentBytes: 80 }], { ended: [1] }));
    assert.deepEqual(
      shownRows(store).map(({ sentBytes, sightings }) => [sentBytes, sightings.length]),
      [
        [1000, 4],
        [70, 4],
      ],
    );
  });

  it('are two rows when ports are used again at once, though the clocks are not sure which is which', () => {
    const first = { start: 1000, end: 1020 };
    const second = { start: 1030, end: 1040 };
    store.apply(
      nodeA.update([
        { ...atClient, ...first },
        { ...atClient, ...second, id: 2, sentBytes: 70 },
      ]),
    );
    // This clock is some milliseconds ahead.
    store.apply(
      nodeB.update([
        { ...atServer, start: 1012, end: 1032 },
        { ...atServer, start: 1042, end: 1052, id: 2 },
      ]),
    );
    assert.deepEqual(
      shownRows(store).map(({ sentBytes, end, sightings }) => [sentBytes, end, sightings.length]),
      [
        [1000, 1032, 4],
        [70, 1052, 4],
      ],
    );
  });

  it('are found with clocks that are far apart, once the offset is known, and shown in our time', () => {
    const ahead = 60_000;
    store.apply(nodeA.update([atClient]));
    store.apply(nodeB.update([{ ...atServer, start: times.start + ahead, end: times.end + ahead }]));
    assert.equal(store.size, 2);
    const clock = { offset: ahead, uncertainty: 2 };
    store.observe([
      { agent: 0, node: 'node-a', clock: { offset: 0, uncertainty: 1 } },
      { agent: 1, node: 'node-b', clock },
    ]);
    assert.equal(store.size, 1);
    assert.deepEqual([shownRows(store)[0]?.start, shownRows(store)[0]?.end], [times.start, times.end]);
    const firsts = store.detail(0, 1)?.sightings.map(({ first }) => first);
    assert.deepEqual(firsts, [times.start, times.start, times.start, times.start]);
  });

  it('go on under the row of the first, also for who selected the other', () => {
    store.apply(nodeA.update([{ ...atClient, id: 7 }]));
    store.apply(nodeB.update([{ ...atServer, id: 9, start: 9_000_000, end: 9_000_000 }]));
    assert.equal(store.size, 2);
    store.apply(nodeA.update([{ ...atClient, id: 7, end: 9_000_000 }]));
    assert.equal(store.size, 1);
    const heir = { agent: 0, flow: 7 };
    assert.deepEqual([store.heirOf(heir), store.heirOf({ agent: 1, flow: 9 })], [heir, heir]);
    assert.deepEqual(shownRow(store, 1, 9), shownRow(store, 0, 7));
  });

  it('go on under the flow that absorbed one', () => {
    const asked: SeenFlow = {
      ...atClient,
      id: 5,
      to: { ...byAddress(API), address: ASKED.address, port: ASKED.port },
    };
    store.apply(nodeB.update([atServer]));
    store.apply(nodeA.update([asked]));
    assert.equal(store.size, 2);
    const joined = { ...atClient, id: 6, askedAt: ASKED };
    store.apply(nodeA.update([joined], { absorbed: [5, 6] }));
    assert.equal(store.size, 1);
    assert.deepEqual(store.heirOf({ agent: 1, flow: 5 }), { agent: 0, flow: 1 });
    assert.equal(store.heirOf({ agent: 1, flow: 55 }), null);
  });

  it('end when no agent sees them go on, and go when they are the oldest ended, as one', () => {
    store = new FlowStore({ ended: 1 });
    store.apply(nodeA.update([atClient]));
    store.apply(nodeB.update([atServer]));
    store.apply(nodeA.update([], { ended: [1] }));
    assert.deepEqual([store.size, store.ended], [1, 0]);
    store.apply(nodeB.update([], { ended: [1] }));
    assert.deepEqual([store.size, store.ended], [1, 1]);
    const other = { ...atClient, id: 2, from: { ...WEB, port: 40_001 } };
    store.apply(nodeA.update([other], { ended: [2] }));
    assert.deepEqual([store.size, store.ended, store.droppedEnded], [1, 1, 1]);
    assert.equal(store.heirOf({ agent: 1, flow: 1 }), null);
    assert.equal(shownRows(store)[0]?.clientPort, 40_001);
  });

  it('count what the other agent saw when the nearest starts anew or goes, and nothing twice', () => {
    const long = { start: 1_000_000, end: 1_100_000 };
    store.apply(nodeA.update([{ ...atClient, ...long, sentBytes: 600, sentPackets: 6 }]));
    store.apply(nodeB.update([{ ...atServer, ...long, sentBytes: 590, sentPackets: 6 }]));
    const again = { start: 1_120_000, end: 1_200_000 };
    store.apply(nodeA.update([{ ...atClient, ...again, sentBytes: 200, sentPackets: 2 }], { reset: true }));
    store.apply(nodeB.update([{ ...atServer, ...long, end: 1_200_000, sentBytes: 890, sentPackets: 9 }]));
    const [row, ...others] = shownRows(store);
    assert.deepEqual(others, []);
    assert.deepEqual([row?.sentBytes, row?.client, row?.ended], [890, 'web-1', false]);
    store.observe([{ agent: 1, node: 'node-b', clock: null }]);
    store.apply(nodeB.update([], { ended: [1] }));
    assert.equal(shownRows(store)[0]?.ended, true);
  });

  it('are one row with what an agent saw before and after it started anew, the first and the last packets alone too', () => {
    store.apply(nodeB.update([{ ...atServer, start: times.start, end: times.start + 20 }]));
    store.apply(nodeA.update([atClient]));
    store.apply(nodeB.update([{ ...atServer, start: times.end, end: times.end }], { reset: true }));
    const [row, ...others] = shownRows(store);
    assert.deepEqual(others, []);
    assert.deepEqual([row?.sentBytes, row?.sightings.length], [1000, 6]);
  });

  it('are two rows where an agent started anew at once: neither saw what the other did', () => {
    store.apply(nodeB.update([{ ...atServer, id: 3, from: { ...WEB, port: 1 } }]));
    store.apply(nodeA.update([atClient]));
    const again = { start: times.end + 10, end: times.end + 20, sentBytes: 300 };
    store.apply(nodeA.update([{ ...atClient, ...again }], { reset: true }));
    const sent = shownRows(store).filter(({ clientPort }) => clientPort === WEB.port);
    assert.deepEqual(
      sent.map(({ sentBytes }) => sentBytes),
      [1000, 300],
    );
  });

  it('say nothing of nodes where the observed machine has no name in the inventory', () => {
    store.apply(nodeA.update([atClient]));
    store.observe([{ agent: 0, node: null, clock: null }]);
    assert.deepEqual(store.detail(0, 1)?.unobserved, []);
  });

  it('say which nodes of their ends nobody observes', () => {
    store.apply(nodeA.update([atClient]));
    store.observe([{ agent: 0, node: 'node-a', clock: null }]);
    assert.deepEqual(store.detail(0, 1)?.unobserved, ['node-b']);
    store.apply(nodeB.update([atServer]));
    store.observe([
      { agent: 0, node: 'node-a', clock: null },
      { agent: 1, node: 'node-b', clock: null },
    ]);
    assert.deepEqual(store.detail(0, 1)?.unobserved, []);
  });
});
