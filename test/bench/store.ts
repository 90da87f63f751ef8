/** What a flow update costs the extension host: of one agent, and of two that saw the same connections. */
import { FlowStore } from '../../src/flows/flowStore.ts';
import type { FlowUpdate } from '../../src/flows/flowUpdate.ts';
import type { PlainEnd, SeenFlow } from '../../src/flows/testing/crossNode.ts';
import { TestAgent } from '../../src/flows/testing/crossNode.ts';
import { figure, median } from './figures.ts';
import type { Figure } from './figures.ts';

const FLOWS = 100_000;
/** Flows of a message; ours come with 512. */
const BATCH = 500;
const PODS = 2000;
/** A CPU's share that 20,000 updates a second may take: a quarter of one. */
const AIM = 12.5;

export function measureStore(): Promise<Figure[]> {
  const one = measure(['node-a']);
  const two = measure(['node-a', 'node-b']);
  const line = (agents: string, what: string, time: number): Figure =>
    figure(
      `extension host, ${FLOWS} flows, ${agents}: ${what}`,
      `${time.toFixed(2)} µs`,
      `<= ${AIM} µs`,
      time <= AIM,
    );
  return Promise.resolve([
    line('one agent', 'a new flow', one.opened),
    line('one agent', 'an update', one.updated),
    line('two agents that saw the same', 'a new flow of an agent, joined', two.opened),
    line('two agents that saw the same', 'an update of an agent', two.updated),
  ]);
}

/** CPU time of a record. */
function measure(nodes: readonly string[]): { opened: number; updated: number } {
  const store = new FlowStore();
  const agents = nodes.map((node, index) => new TestAgent(index, node));
  const opened: number[] = [];
  const updated: number[] = [];
  for (let first = 0; first < FLOWS; first += BATCH) {
    const seen = Array.from({ length: BATCH }, (_, index) => seenFlow(first + index, 1000));
    const updates = agents.map((agent) => agent.update(seen));
    opened.push(timeOf(store, updates));
  }
  for (let first = 0; first < FLOWS; first += BATCH) {
    const seen = Array.from({ length: BATCH }, (_, index) => seenFlow(first + index, 2000));
    const updates = agents.map((agent) => agent.update(seen));
    updated.push(timeOf(store, updates));
  }
  if (store.size !== FLOWS) throw new Error(`${store.size} rows of ${FLOWS} connections`);
  const perRecord = (times: readonly number[]): number => median(times) / (BATCH * nodes.length);
  return { opened: perRecord(opened), updated: perRecord(updated) };
}

/** Microseconds of this process. */
function timeOf(store: FlowStore, updates: readonly FlowUpdate[]): number {
  const before = process.cpuUsage();
  for (const update of updates) store.apply(update);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

function seenFlow(index: number, lasts: number): SeenFlow {
  const end = (pod: number, port: number): PlainEnd => ({
    address: `10.${pod >> 8}.${pod & 255}.2`,
    port,
    name: `pod-${pod}`,
    evidence: 'pod-ip',
    node: pod % 2 === 0 ? 'node-a' : 'node-b',
  });
  return {
    id: index + 1,
    from: end((index * 2) % PODS, 30_000 + Math.floor((2 * index) / PODS)),
    to: end((index * 2 + 1) % PODS, 8080),
    askedAt: { address: '10.96.0.1', port: 80 },
    start: 1_000_000 + index,
    end: 1_000_000 + index + lasts,
    points: ['from-endpoint', 'to-endpoint', 'to-network', 'from-network'],
  };
}
