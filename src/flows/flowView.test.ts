import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Endpoint } from '../model/endpoint.ts';
import { endpointLabel, endpointText, labelText } from '../model/endpoint.ts';
import { FLOW, PROTOCOLS, VERDICTS } from '../model/flowRecord.ts';
import { FlowRecords } from '../model/flowRecords.ts';
import type { FlowColumn, FlowFilter, FlowSort, GroupLine } from '../model/panelMessages.ts';
import { FLOW_COLUMNS } from '../model/panelMessages.ts';
import { FlowStore } from './flowStore.ts';
import { DEFAULT_FILTER, FlowView } from './flowView.ts';
import type { PlainFlow } from './testing/packFlow.ts';
import { packFlows, packIds, packSightings, plainEndpoint, plainFlow, updateOf } from './testing/packFlow.ts';

const WEB = { kind: 'Deployment', name: 'web' };
const ENDPOINTS: readonly Endpoint[] = [
  plainEndpoint({ namespace: 'shop', name: 'web-1', address: '10.244.0.2' }),
  plainEndpoint({ namespace: 'shop', name: 'api-1', address: '10.244.1.3', container: 'server' }),
  plainEndpoint({ namespace: 'shop', name: 'api', kind: 'service', address: '10.96.0.10' }),
  plainEndpoint({ kind: 'external', address: '203.0.113.80', names: ['Example.org'], evidence: ['dns'] }),
  plainEndpoint({ namespace: 'kube-system', name: 'dns-tcp', address: '10.244.0.9' }),
  plainEndpoint({ namespace: 'shop', name: 'web-2', address: '10.244.0.7', workload: WEB }),
  plainEndpoint({ namespace: 'shop', name: 'web-3', address: '10.244.1.8', workload: WEB }),
  plainEndpoint({ kind: 'pod', address: '10.244.0.8', candidates: ['shop/job-1', 'shop/job-2'] }),
  plainEndpoint({
    kind: 'service',
    namespace: 'shop',
    name: 'api',
    address: '10.96.0.10',
    names: ['http:80'],
  }),
];

/** Where flows were seen: one with two sightings at the first two of these. */
const POINTS = [
  ['veth1', 'from-endpoint'],
  ['veth1', 'to-endpoint'],
  ['eth0', 'to-network'],
  ['cni0', 'from-bridge'],
].map(([name = '', point = ''], index) => ({
  ...{ id: index + 1, node: 'node-a', netns: 1, interface: name, ifindex: index, point, inner: false },
}));

const port = fc.constantFrom(53, 80, 443, 8080, 40001, 40002);
const anyFlow = fc.record({
  client: fc.integer({ min: 1, max: ENDPOINTS.length }),
  server: fc.integer({ min: 1, max: ENDPOINTS.length }),
  service: fc.constantFrom(0, 3, 9),
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
  askedAddress: fc.constantFrom(0, 3),
  askedPort: port,
  translatedAddress: fc.constantFrom(0, 1),
  translatedPort: port,
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
    'interface:veth1',
    'interface:ETH*',
    'interface:node-a/cni0 shop',
    'interface:eth',
    'point:endpoint',
    'point:to-network tcp',
    'point:from-*',
  ),
  verdict: fc.option(fc.constantFrom(...VERDICTS)),
  ended: fc.boolean(),
});
const anySort: fc.Arbitrary<FlowSort> = fc.record({
  column: fc.constantFrom(...FLOW_COLUMNS.filter((column) => column !== 'rate')),
  descending: fc.boolean(),
});

function storeOf(
  flows: readonly PlainFlow[],
  ended: readonly number[] = [],
  endpoints: readonly Endpoint[] = ENDPOINTS,
  addresses: readonly string[] = [],
): FlowStore {
  const store = new FlowStore();
  store.apply(
    updateOf({
      endpoints: endpoints.map((endpoint, index) => ({ id: index + 1, endpoint })),
      addresses: addresses.map((address, index) => ({ id: index + 1, address })),
      flows: packFlows(flows),
      points: POINTS,
      sightings: packSightings(
        flows.flatMap(({ id, sightings }) =>
          POINTS.slice(0, sightings).map((point) => ({
            ...{ flow: id, point: point.id, source: 0, sourcePort: 0, destination: 0, destinationPort: 0 },
            ...{ packets: 1, bytes: 1, first: 0, last: 0 },
          })),
        ),
      ),
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

/** The table line by line: ids of flows, and groups. */
function shownLines(view: FlowView): (number | GroupLine)[] {
  view.refresh(0);
  const { rows, groups } = view.window(0, 1000, 0);
  const records = new FlowRecords(rows);
  return Array.from(
    { length: records.count },
    (_, row) => groups.find((group) => group.row === row) ?? records.uint32(row, FLOW.id),
  );
}

const naiveName = ({ name }: GroupLine): string =>
  name === null ? '' : [name.type, labelText(name)].join(' ').toLowerCase();

function groupOf(flow: PlainFlow, by: 'client' | 'server' | 'service'): string {
  const endpoint = ENDPOINTS[flow[by] - 1];
  if (endpoint === undefined) return '';
  if (by !== 'service' && endpoint.workload !== null) return 'deployment shop/web';
  const text = endpoint.name === null ? labelText(endpointLabel(endpoint)) : endpointText(endpoint);
  return `${endpoint.kind} ${text}`.toLowerCase();
}

const figuresOf = ({ flows, live, failing, sentBytes, receivedBytes, start, end }: GroupLine): number[] => [
  flows,
  live,
  failing,
  sentBytes,
  receivedBytes,
  start,
  end,
];

function naiveFigures(flows: readonly PlainFlow[]): number[] {
  const sum = (figure: (flow: PlainFlow) => number): number =>
    flows.reduce((total, flow) => total + figure(flow), 0);
  return [
    flows.length,
    flows.length,
    sum(({ verdict }) => (['dropped', 'refused', 'reset', 'unanswered'].includes(verdict) ? 1 : 0)),
    sum(({ sentBytes }) => sentBytes),
    sum(({ receivedBytes }) => receivedBytes),
    Math.min(...flows.map(({ start }) => start)),
    Math.max(...flows.map(({ end }) => end)),
  ];
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
    return words.every(
      (word) =>
        seenAs(flow).some((seen) => seen.some((text) => like(word, text))) ||
        (!word.startsWith('interface:') &&
          !word.startsWith('point:') &&
          (textsOf(flow).some((text) => text.includes(word)) || portFound(flow, word))),
    );
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

/** All that a field may be written as, of each point where the flow was seen. */
const seenAs = ({ sightings }: PlainFlow): string[][] =>
  POINTS.slice(0, sightings).map(({ interface: name, point }) => [
    `interface:${name}`,
    `interface:node-a/${name}`,
    `point:${point}`,
    `point:${point.slice(point.indexOf('-') + 1)}`,
  ]);

/** Piece by piece: what stands between stars is found in this order, the first and the last at the ends. */
function like(asked: string, text: string): boolean {
  const [head = '', ...others] = asked.split('*');
  if (others.length === 0) return asked === text;
  const tail = others.at(-1) ?? '';
  return text.startsWith(head) && text.endsWith(tail) && text.length >= head.length + tail.length;
}

function portFound(flow: PlainFlow, word: string): boolean {
  const ports = [flow.clientPort, flow.serverPort];
  if (flow.askedAddress !== 0) ports.push(flow.askedPort);
  if (flow.translatedAddress !== 0) ports.push(flow.translatedPort);
  return ports.some((number) => word === String(number) || word === `:${number}`);
}

function textsOf(flow: PlainFlow): string[] {
  const ends = [flow.client, flow.server, flow.service]
    .map((id) => ENDPOINTS[id - 1])
    .filter((end) => end !== undefined);
  const names = ends.flatMap((end) => [
    labelText(endpointLabel(end)),
    end.address,
    end.container ?? '',
    end.workload?.name ?? '',
    ...end.names,
    ...end.candidates,
  ]);
  return [...names, flow.protocol, flow.verdict].map((text) => text.toLowerCase());
}

function cellOf(flow: PlainFlow, column: FlowColumn): string | number | null {
  const name = (id: number): string | null => {
    const endpoint = ENDPOINTS[id - 1];
    return endpoint === undefined ? null : labelText(endpointLabel(endpoint)).toLowerCase();
  };
  const cells: Record<FlowColumn, string | number | null> = {
    client: name(flow.client),
    server: name(flow.server),
    service: name(flow.service),
    via: flow.askedAddress !== 0 ? flow.askedPort : flow.translatedAddress !== 0 ? Infinity : null,
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

  it('groups as adding up and sorting by hand would', () => {
    const opened = fc.array(fc.tuple(fc.nat(10), fc.boolean()), { maxLength: 6 });
    fc.assert(
      fc.property(
        fc.array(anyFlow, { maxLength: 40 }),
        anyFilter,
        anySort,
        fc.constantFrom('client', 'server', 'service'),
        fc.boolean(),
        opened,
        (parts, filter, sort, by, all, toggled) => {
          const flows = parts.map((part, index) => plainFlow({ ...part, id: index + 1 }));
          const view = new FlowView(storeOf(flows));
          view.setFilter(filter);
          view.setSort(sort);
          view.setGrouping(by);
          view.openGroup(null, all);
          const keys = shownLines(view).flatMap((line) => (typeof line === 'number' ? [] : [line.key]));
          for (const [index, open] of toggled) {
            const key = keys[index % keys.length];
            if (key !== undefined) view.openGroup(key, open);
          }
          const ids = naiveIds(flows, [], filter, sort);
          const passing = ids.flatMap((id) => flows.filter((flow) => flow.id === id));
          const lines = shownLines(view);
          const groups = lines.filter((line) => typeof line !== 'number');
          assert.deepEqual(new Set(groups.map(naiveName)), new Set(passing.map((flow) => groupOf(flow, by))));
          assert.equal(groups.length, new Set(groups.map(naiveName)).size);
          const expected = groups.flatMap((group) => {
            const members = passing.filter((flow) => groupOf(flow, by) === naiveName(group));
            assert.deepEqual(figuresOf(group), naiveFigures(members));
            return [group.key, ...(group.open ? members.map(({ id }) => id) : [])];
          });
          assert.deepEqual(
            lines.map((line) => (typeof line === 'number' ? line : line.key)),
            expected,
          );
          assert.equal(view.window(0, 1, 0).matching, passing.length);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('sorts groups by their sums, else by name, and those without a name last', () => {
    const flows = [
      plainFlow({ id: 1, service: 0, sentBytes: 900 }),
      plainFlow({ id: 2, service: 3, sentBytes: 10 }),
      plainFlow({ id: 3, service: 3, sentBytes: 10, verdict: 'refused' }),
      plainFlow({ id: 4, service: 10, sentBytes: 15 }),
    ];
    const other = plainEndpoint({ kind: 'service', namespace: 'shop', name: 'cart', address: '10.96.0.11' });
    const store = storeOf(flows, [], [...ENDPOINTS, other]);
    const view = new FlowView(store);
    view.setGrouping('service');
    const names = (sort: FlowSort): string[] => {
      view.setSort(sort);
      return shownLines(view).map((line) => (typeof line === 'number' ? '' : (line.name?.text ?? 'none')));
    };
    assert.deepEqual(names({ column: 'sent', descending: true }), ['api', 'cart', 'none']);
    assert.deepEqual(names({ column: 'sent', descending: false }), ['cart', 'api', 'none']);
    assert.deepEqual(names({ column: 'verdict', descending: true }), ['api', 'cart', 'none']);
    assert.deepEqual(names({ column: 'port', descending: true }), ['api', 'cart', 'none']);
    assert.deepEqual(names({ column: 'service', descending: true }), ['cart', 'api', 'none']);
  });

  it('keeps groups open while flows come and go, in another store too, until they are grouped otherwise', () => {
    const view = new FlowView(storeOf([plainFlow({ id: 1, client: 6 })]));
    view.setGrouping('client');
    assert.equal(shownLines(view).length, 1);
    const [group] = shownLines(view);
    assert.ok(typeof group === 'object');
    view.openGroup(group.key, true);
    assert.equal(shownLines(view).length, 2);
    const next = new FlowView(storeOf([]));
    next.adopt(view.look);
    assert.deepEqual(shownLines(next), []);
    const later = new FlowView(storeOf([plainFlow({ id: 8, client: 7 }), plainFlow({ id: 9, client: 5 })]));
    later.adopt(next.look);
    assert.deepEqual(
      shownLines(later).map((line) => (typeof line === 'number' ? line : line.name?.text)),
      ['dns-tcp', 'web', 8],
    );
    later.setGrouping('server');
    later.setGrouping('client');
    assert.equal(shownLines(later).length, 2);
  });

  it('tells what NAT did to the rows in sight', () => {
    const asked = { askedAddress: 1, askedPort: 80, serverPort: 8080, server: 2 };
    const source = { translatedAddress: 2, translatedPort: 41234, clientPort: 40000, masqueraded: true };
    const store = storeOf(
      [
        plainFlow({ id: 1 }),
        plainFlow({ id: 2, ...asked, ...source }),
        plainFlow({ id: 3, ...asked, protocol: 'icmp' }),
      ],
      [],
      ENDPOINTS,
      ['10.96.0.10', '172.18.0.2'],
    );
    const view = new FlowView(store);
    view.setSort({ column: 'duration', descending: false });
    view.pause(0);
    view.refresh(0);
    assert.deepEqual(view.window(1, 2, 0).translated, [
      {
        row: 0,
        nat: [
          { kind: 'dnat', from: '10.96.0.10:80', to: '10.244.1.3:8080' },
          { kind: 'masquerade', from: '10.244.0.2:40000', to: '172.18.0.2:41234' },
        ],
      },
      { row: 1, nat: [{ kind: 'dnat', from: '10.96.0.10', to: '10.244.1.3' }] },
    ]);
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
