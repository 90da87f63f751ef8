import assert from 'node:assert/strict';
import fc from 'fast-check';
import { FlowStore } from './flowStore.ts';
import type { PlainEnd, SeenFlow } from './testing/crossNode.ts';
import { shownRows, TestAgent } from './testing/crossNode.ts';

const NODES = ['node-a', 'node-b', 'node-c'] as const;
const KINDS = ['pod to pod', 'service', 'node port', 'guessed'] as const;
/** Connections that use the same ports one after the other are this far apart, milliseconds. */
const REUSE = 30_000;
const BASE = 1_000_000_000;

/** A connection as it really was. */
interface Connection {
  readonly kind: (typeof KINDS)[number];
  readonly clientNode: number;
  readonly serverNode: number;
  /** Connections of one number use the same ports, one after the other. */
  readonly ports: number;
  readonly begins: number;
  readonly lasts: number;
  readonly bytes: number;
  /** How much later the server's node sees it, milliseconds. */
  readonly delay: number;
  readonly ends: boolean;
}

const connections = fc
  .array(
    fc.record({
      kind: fc.constantFrom(...KINDS),
      clientNode: fc.nat(2),
      serverNode: fc.nat(2),
      ports: fc.nat(5),
      begins: fc.nat(1000),
      lasts: fc.nat(20_000),
      bytes: fc.integer({ min: 10, max: 1_000_000 }),
      delay: fc.nat(30),
      ends: fc.boolean(),
    }),
    { maxLength: 14 },
  )
  .map((list) =>
    // One after the other on the same ports, and always between the same ends.
    list.map((one, index): Connection => {
      const earlier = list.slice(0, index).filter(({ ports }) => ports === one.ports);
      const { kind, clientNode, serverNode } = earlier[0] ?? one;
      return { ...one, kind, clientNode, serverNode, begins: one.begins + earlier.length * REUSE };
    }),
  );

/** What one agent tells of one connection, in the order in which it does. */
interface Story {
  readonly agent: number;
  readonly steps: readonly { readonly flow: SeenFlow; readonly ended: boolean }[];
}

function storiesOf(connection: Connection, id: number, offsets: readonly number[]): Story[] {
  const { kind, clientNode, serverNode, ports, bytes, delay, ends } = connection;
  const client: PlainEnd = {
    address: kind === 'node port' ? '203.0.113.9' : `10.244.${clientNode}.${ports + 2}`,
    port: 40_000 + ports,
    name: kind === 'node port' ? 'browser' : `client-${ports}`,
    evidence: kind === 'node port' ? 'none' : 'cgroup',
    node: kind === 'node port' ? null : (NODES[clientNode] ?? null),
  };
  const server: PlainEnd = {
    address: `10.244.${serverNode}.${ports + 102}`,
    port: 8080,
    name: `server-${ports}`,
    evidence: 'cgroup',
    node: NODES[serverNode] ?? null,
  };
  const masqueraded: PlainEnd = {
    address: `192.168.0.${clientNode}`,
    port: 60_000 + ports,
    name: NODES[clientNode] ?? '',
    evidence: 'node-ip',
    node: NODES[clientNode] ?? null,
  };
  const start = BASE + connection.begins;
  const flow = { id, start, end: start + connection.lasts };
  const translated = { address: masqueraded.address, port: masqueraded.port };
  const asked = { address: `192.168.0.${clientNode}`, port: 30_000 + ports };
  const atClient: SeenFlow = {
    ...flow,
    from: client,
    to: { ...server, evidence: 'pod-ip' },
    sentBytes: bytes,
    sentPackets: 10,
    ...(kind === 'service' ? { service: 'api', askedAt: { address: '10.96.0.7', port: 80 } } : {}),
    ...(kind === 'node port' ? { askedAt: asked, translatedTo: translated } : {}),
    points: kind === 'node port' ? ['from-network'] : ['from-endpoint'],
  };
  const seenClient = kind === 'node port' ? masqueraded : { ...client, evidence: 'pod-ip' as const };
  const told: SeenFlow = { ...flow, from: seenClient, to: server, points: ['to-endpoint'] };
  const atServer: SeenFlow = {
    ...told,
    ...(kind === 'guessed' ? { from: server, to: seenClient, initiatorEvidence: 'port', points: [] } : {}),
    start: start + delay,
    end: flow.end + delay,
    sentBytes: bytes + 3,
    sentPackets: 10,
  };
  const stories = [storyOf(clientNode, atClient, ends, offsets)];
  if (serverNode !== clientNode) stories.push(storyOf(serverNode, atServer, ends, offsets));
  return stories;
}

function storyOf(agent: number, whole: SeenFlow, ends: boolean, offsets: readonly number[]): Story {
  const offset = offsets[agent] ?? 0;
  const [start, end] = [(whole.start ?? 0) + offset, (whole.end ?? 0) + offset];
  const upTo = (share: number): SeenFlow => ({
    ...whole,
    start,
    end: start + (end - start) * share,
    sentBytes: Math.ceil((whole.sentBytes ?? 0) * share),
    sentPackets: Math.ceil(10 * share),
  });
  const steps = [0.1, 0.5, 1].map((share) => ({ flow: upTo(share), ended: false }));
  return { agent, steps: ends ? [...steps, { flow: upTo(1), ended: true }] : steps };
}

/** The steps of all stories, each story's in order, as the numbers say. */
function interleave(
  stories: readonly Story[],
  numbers: readonly number[],
): { agent: number; step: Story['steps'][number] }[] {
  const left = stories.map(({ agent, steps }) => ({ agent, steps: [...steps] }));
  const all: { agent: number; step: Story['steps'][number] }[] = [];
  for (let turn = 0; ; turn++) {
    const open = left.filter(({ steps }) => steps.length > 0);
    const story = open[(numbers[turn % numbers.length] ?? 0) % open.length];
    const step = story?.steps.shift();
    if (story === undefined || step === undefined) return all;
    all.push({ agent: story.agent, step });
  }
}

/** @param batches how many steps of one agent after the other go into one message, in turn */
function storeOf(
  stories: readonly Story[],
  numbers: readonly number[],
  batches: readonly number[],
  offsets: readonly number[],
  clocksAt: number,
): FlowStore {
  const store = new FlowStore();
  const agents = NODES.map((node, agent) => new TestAgent(agent, node));
  const steps = interleave(stories, numbers);
  const observe = (): void =>
    store.observe(
      NODES.map((node, agent) => ({ agent, node, clock: { offset: offsets[agent] ?? 0, uncertainty: 1 } })),
    );
  let messages = 0;
  let waiting: typeof steps = [];
  const flush = (): void => {
    const [first] = waiting;
    if (first === undefined) return;
    if (messages === clocksAt) observe();
    const latest = new Map(waiting.map(({ step }) => [step.flow.id, step]));
    const ended = [...latest.values()].filter((step) => step.ended).map(({ flow }) => flow.id);
    const update = agents[first.agent]?.update(
      [...latest.values()].map(({ flow }) => flow),
      { ended },
    );
    if (update !== undefined) store.apply(update);
    messages++;
    waiting = [];
  };
  for (const step of steps) {
    const size = batches[messages % batches.length] ?? 1;
    if (waiting.length >= size || (waiting[0] !== undefined && waiting[0].agent !== step.agent)) flush();
    waiting.push(step);
  }
  flush();
  observe();
  return store;
}

const order = fc.record({
  numbers: fc.array(fc.nat(100), { minLength: 1, maxLength: 40 }),
  batches: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 5 }),
  clocksAt: fc.nat(30),
});
const offsets = fc.array(fc.integer({ min: -90_000, max: 90_000 }), { minLength: 3, maxLength: 3 });

describe('rows of several agents, in any order', function () {
  this.timeout(60_000); // some thousand stores

  it('are one a connection, counted by the nearest agent, named by the best, none missing', () => {
    fc.assert(
      fc.property(connections, offsets, order, (list, clocks, { numbers, batches, clocksAt }) => {
        const stories = list.flatMap((connection, index) => storiesOf(connection, index + 1, clocks));
        const store = storeOf(stories, numbers, batches, clocks, clocksAt);
        const shown = shownRows(store).map(
          ({ client, server, sentBytes, sightings, ended, certain, service }) => ({
            client,
            server,
            sentBytes,
            nodes: new Set(sightings.map((sighting) => sighting.split(' ')[0])).size,
            ended,
            certain,
            service,
          }),
        );
        const expected = list.map(({ kind, ports, bytes, ends, clientNode, serverNode }) => ({
          client: kind === 'node port' ? 'browser' : `client-${ports}`,
          server: `server-${ports}`,
          // A stranger has no node of its own: the server's is the nearest.
          sentBytes: kind === 'node port' && clientNode !== serverNode ? bytes + 3 : bytes,
          nodes: clientNode === serverNode || kind === 'guessed' ? 1 : 2,
          ended: ends,
          certain: true,
          service: kind === 'service' ? 'api' : null,
        }));
        assert.deepEqual(sorted(shown), sorted(expected));
        assert.equal(store.size, list.length);
      }),
      { numRuns: 400 },
    );
  });

  it('are the same whatever the times are, also where it cannot be told which flows belong together', () => {
    const seen = fc.record({
      agent: fc.nat(2),
      ports: fc.nat(2),
      start: fc.nat(2000),
      lasts: fc.oneof(fc.nat(150), fc.nat(3000)),
      bytes: fc.nat(10_000),
      translated: fc.option(fc.nat(2)),
      ends: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 12 }), order, order, (list, one, other) => {
        const none = [0, 0, 0];
        const stories = list.map(({ agent, ports, start, lasts, bytes, translated, ends }, index) => {
          const flow: SeenFlow = {
            id: index + 1,
            from: {
              address: `10.0.0.${ports}`,
              port: 1,
              name: `client-${index}`,
              evidence: 'pod-ip',
              node: null,
            },
            to: { address: '10.0.1.1', port: 80, name: `server-${index}`, evidence: 'pod-ip', node: null },
            start: BASE + start,
            end: BASE + start + lasts,
            sentBytes: bytes,
            ...(translated === null ? {} : { translatedTo: { address: `10.0.0.${translated}`, port: 1 } }),
          };
          return storyOf(agent, flow, ends, none);
        });
        const [first, second] = [one, other].map(({ numbers, batches, clocksAt }) =>
          shownRows(storeOf(stories, numbers, batches, none, clocksAt)),
        );
        assert.deepEqual(first, second);
      }),
      { numRuns: 1000 },
    );
  });

  it('are the same as if flows that were absorbed or dropped had never been', () => {
    const seen = fc.record({
      agent: fc.nat(1),
      start: fc.nat(600),
      lasts: fc.nat(200),
      absorbed: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 10 }), (list) => {
        const flows = list.map(({ start, lasts }, index): SeenFlow => ({
          id: index + 1,
          from: { address: '10.0.0.1', port: 1, name: 'client', evidence: 'pod-ip', node: null },
          to: { address: '10.0.1.1', port: 80, name: 'server', evidence: 'pod-ip', node: null },
          start: BASE + start,
          end: BASE + start + lasts,
          sentBytes: index,
        }));
        const [whole, fewer] = [new FlowStore(), new FlowStore()];
        for (const [agent, node] of ['node-a', 'node-b'].entries()) {
          const of = (kept: boolean): SeenFlow[] =>
            flows.filter((_, index) => list[index]?.agent === agent && (kept || list[index].absorbed));
          const absorbed = of(true).flatMap(({ id }) => (list[id - 1]?.absorbed === true ? [id, 99] : []));
          const left = of(true).filter(({ id }) => list[id - 1]?.absorbed !== true);
          whole.apply(new TestAgent(agent, node).update(of(true)));
          whole.apply(new TestAgent(agent, node).update([], { absorbed }));
          fewer.apply(new TestAgent(agent, node).update(left));
        }
        assert.deepEqual(shownRows(whole), shownRows(fewer));
      }),
      { numRuns: 300 },
    );
  });
});

const sorted = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
