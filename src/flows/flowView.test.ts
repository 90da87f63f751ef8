import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Endpoint } from '../model/endpoint.ts';
import { endpointText } from '../model/endpoint.ts';
import { FLOW, PROTOCOLS, VERDICTS } from '../model/flowRecord.ts';
import { FlowRecords } from '../model/flowRecords.ts';
import type { FlowColumn, FlowFilter, FlowSort } from '../model/panelMessages.ts';
import { FLOW_COLUMNS } from '../model/panelMessages.ts';
import { FlowStore } from './flowStore.ts';
import { DEFAULT_FILTER, FlowView } from './flowView.ts';
import type { PlainFlow } from './testing/packFlow.ts';
import { packFlows, packIds, plainEndpoint, plainFlow, updateOf } from './testing/packFlow.ts';

const ENDPOINTS: readonly Endpoint[] = [
  plainEndpoint({ namespace: 'shop', name: 'web-1', address: '10.244.0.2' }),
  plainEndpoint({ namespace: 'shop', name: 'api-1', address: '10.244.1.3', container: 'server' }),
  plainEndpoint({ namespace: 'shop', name: 'api', kind: 'service', address: '10.96.0.10' }),
  plainEndpoint({ kind: 'external', address: '203.0.113.80', names: ['Example.org'], evidence: ['dns'] }),
  plainEndpoint({ namespace: 'kube-system', name: 'dns-tcp', address: '10.244.0.9' }),
];

const port = fc.constantFrom(53, 80, 443, 8080, 40001, 40002);
const anyFlow = fc.record({
  client: fc.integer({ min: 1, max: ENDPOINTS.length }),
  server: fc.integer({ min: 1, max: ENDPOINTS.length }),
  service: fc.constantFrom(0, 3),
  clientPort: port,
  serverPort: port,
  protocol: fc.constantFrom(...PROTOCOLS),
  verdict: fc.constantFrom(...VERDICTS),
  rttUs: fc.option(fc.integer({ min: 1, max: 500 })),
  start: fc.integer({ min: 0, max: 3000 }),
  end: fc.integer({ min: 3000, max: 9000 }),
  sentBytes: fc.integer({ min: 0, max: 50 }),
  receivedBytes: fc.integer({ min: 0, max: 50 }),
  sightings: fc.integer({ min: 0, max: 4 }),
});
const anyFilter: fc.Arbitrary<FlowFilter> = fc.record({
  text: fc.constantFrom(
    '',
    'shop',
    'WEB',
    'api shop',
    '80',
    ':443',
    'tcp',
    'example',
    '10.244',
    'dropped',
    'x',
  ),
  verdict: fc.option(fc.constantFrom(...VERDICTS)),
  ended: fc.boolean(),
});
const anySort: fc.Arbitrary<FlowSort> = fc.record({
  column: fc.constantFrom(...FLOW_COLUMNS.filter((column) => column !== 'rate')),
  descending: fc.boolean(),
});

function storeOf(flows: readonly PlainFlow[], ended: readonly number[] = []): FlowStore {
  const store = new FlowStore();
  store.apply(
    updateOf({
      endpoints: ENDPOINTS.map((endpoint, index) => ({ id: index + 1, endpoint })),
      flows: packFlows(flows),
      ended: packIds(ended),
    }),
  );
  return store;
}

function shownIds(view: FlowView, count = 1000): number[] {
  view.refresh(0);
  const records = new FlowRecords(view.window(0, count, 0).rows);
  return Array.from({ length: records.count }, (_, row) => records.uint32(row, FLOW.id));
}

/** The same again, slowly and from the words of the filter's description. */
function naiveIds(
  flows: readonly PlainFlow[],
  ended: readonly number[],
  filter: FlowFilter,
  sort: FlowSort,
): number[] {
  const passing = flows.filter((flow) => {
    if (!filter.ended && ended.includes(flow.id)) return false;
    if (filter.verdict !== null && flow.verdict !== filter.verdict) return false;
    const words = filter.text.toLowerCase().split(' ').filter(Boolean);
    return words.every((word) => textsOf(flow).some((text) => text.includes(word)) || portFound(flow, word));
  });
  return passing
    .map((flow) => ({ id: flow.id, cell: cellOf(flow, sort.column) }))
    .sort((a, b) => {
      if (a.cell === null || b.cell === null) {
        return Number(a.cell === null) - Number(b.cell === null) || a.id - b.id;
      }
      const order = a.cell < b.cell ? -1 : a.cell > b.cell ? 1 : 0;
      return (sort.descending ? -order : order) || a.id - b.id;
    })
    .map(({ id }) => id);
}

const portFound = (flow: PlainFlow, word: string): boolean =>
  [flow.clientPort, flow.serverPort].some((number) => word === String(number) || word === `:${number}`);

function textsOf(flow: PlainFlow): string[] {
  const ends = [flow.client, flow.server, flow.service]
    .map((id) => ENDPOINTS[id - 1])
    .filter((end) => end !== undefined);
  const names = ends.flatMap((end) => [endpointText(end), end.address, end.container ?? '', ...end.names]);
  return [...names, flow.protocol, flow.verdict].map((text) => text.toLowerCase());
}

function cellOf(flow: PlainFlow, column: FlowColumn): string | number | null {
  const name = (id: number): string | null => {
    const endpoint = ENDPOINTS[id - 1];
    return endpoint === undefined ? null : endpointText(endpoint).toLowerCase();
  };
  const cells: Record<FlowColumn, string | number | null> = {
    client: name(flow.client),
    server: name(flow.server),
    service: name(flow.service),
    protocol: flow.protocol,
    port: flow.serverPort,
    verdict: flow.verdict,
    sent: flow.sentBytes,
    received: flow.receivedBytes,
    rate: 0,
    rtt: flow.rttUs,
    duration: flow.end - flow.start,
    last: Math.floor(flow.end / 1000),
    points: flow.sightings,
  };
  return cells[column];
}

describe('FlowView', () => {
  it('shows what filtering and sorting by hand would', () => {
    const ended = fc.array(fc.integer({ min: 1, max: 40 }), { maxLength: 10 });
    fc.assert(
      fc.property(
        fc.array(anyFlow, { maxLength: 40 }),
        ended,
        anyFilter,
        anySort,
        (parts, endedIds, filter, sort) => {
          const flows = parts.map((part, index) => plainFlow({ ...part, id: index + 1 }));
          const view = new FlowView(storeOf(flows, endedIds));
          view.setFilter(filter);
          view.setSort(sort);
          assert.deepEqual(shownIds(view), naiveIds(flows, endedIds, filter, sort));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('sorts names that come later among those that are there', () => {
    const store = storeOf([plainFlow({ id: 1, client: 1 }), plainFlow({ id: 2, client: 5 })]);
    const view = new FlowView(store);
    view.setSort({ column: 'client', descending: false });
    assert.deepEqual(shownIds(view), [2, 1]);
    const late = { id: 9, endpoint: plainEndpoint({ namespace: 'news', name: 'late' }) };
    store.apply(updateOf({ endpoints: [late], flows: packFlows([plainFlow({ id: 3, client: 9 })]) }));
    view.setSort({ column: 'client', descending: false });
    assert.deepEqual(shownIds(view), [2, 3, 1]);
  });

  it('gives parts of the order, cut at the ends', () => {
    const flows = Array.from({ length: 10 }, (_, index) => plainFlow({ id: index + 1, sentBytes: index }));
    const view = new FlowView(storeOf(flows));
    view.setSort({ column: 'sent', descending: true });
    view.refresh(0);
    const ids = (first: number, count: number): number[] => {
      const records = new FlowRecords(view.window(first, count, 0).rows);
      return Array.from({ length: records.count }, (_, row) => records.uint32(row, FLOW.id));
    };
    assert.deepEqual(ids(8, 5), [2, 1]);
    assert.deepEqual(ids(20, 5), []);
    assert.equal(view.window(3, 2, 0).matching, 10);
  });

  it('freezes while paused and counts on', () => {
    const store = storeOf([plainFlow({ id: 1, sentBytes: 5 })]);
    const view = new FlowView(store);
    view.pause(77);
    store.apply(updateOf({ flows: packFlows([plainFlow({ id: 1, sentBytes: 500 }), plainFlow({ id: 2 })]) }));
    view.refresh(100);
    const frozen = view.window(0, 10, 100);
    assert.deepEqual([frozen.total, frozen.now], [1, 77]);
    assert.equal(new FlowRecords(frozen.rows).float64(0, FLOW.sentBytes), 5);
    view.resume();
    view.refresh(100);
    const live = view.window(0, 10, 100);
    assert.equal(live.total, 2);
  });

  it('sorts at most twice a second, but at once when asked', () => {
    let time = 0;
    const store = storeOf([plainFlow({ id: 1 })]);
    const view = new FlowView(store, () => time);
    assert.equal(view.refresh(0), true);
    store.apply(updateOf({ flows: packFlows([plainFlow({ id: 2 })]) }));
    time = 499;
    assert.equal(view.refresh(0), false);
    view.setFilter(DEFAULT_FILTER);
    assert.equal(view.refresh(0), true);
    store.apply(updateOf({ flows: packFlows([plainFlow({ id: 3 })]) }));
    time = 1000;
    assert.equal(view.refresh(0), true);
    assert.equal(view.refresh(0), false);
  });

  it('never shows a flow of a reused slot that its filter excludes', () => {
    const store = new FlowStore({ ended: 0 });
    const view = new FlowView(store, () => 0);
    view.setFilter({ text: '443', verdict: null, ended: true });
    store.apply(updateOf({ flows: packFlows([plainFlow({ id: 1, serverPort: 443 })]) }));
    assert.deepEqual(shownIds(view), [1]);
    store.apply(updateOf({ ended: packIds([1]) }));
    store.apply(updateOf({ flows: packFlows([plainFlow({ id: 2, serverPort: 80 })]) }));
    assert.deepEqual(shownIds(view), []);
  });

  it('shows a row that is joined with another no more, at once', () => {
    const store = new FlowStore();
    const view = new FlowView(store, () => 0);
    const endpoints = [1, 2].map((id) => ({ id, endpoint: plainEndpoint({ address: `10.0.0.${id}` }) }));
    const early = packFlows([plainFlow({ id: 1, start: 0, end: 1 })]);
    store.apply(updateOf({ agent: 0, endpoints, flows: early }));
    store.apply(
      updateOf({ agent: 1, endpoints, flows: packFlows([plainFlow({ id: 2, start: 900, end: 901 })]) }),
    );
    assert.deepEqual(shownIds(view), [1, 2]);
    store.apply(updateOf({ agent: 0, flows: packFlows([plainFlow({ id: 1, start: 0, end: 901 })]) }));
    assert.deepEqual(shownIds(view), [1]);
  });
});
