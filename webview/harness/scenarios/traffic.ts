import type { PlainFlow, PlainSighting } from '../../../src/flows/testing/packFlow.ts';
import {
  packFlows,
  packSightings,
  plainEndpoint,
  plainFlow,
  updateOf,
} from '../../../src/flows/testing/packFlow.ts';
import type { FlowUpdate } from '../../../src/flows/flowUpdate.ts';
import type { Endpoint } from '../../../src/model/endpoint.ts';
import type { Verdict } from '../../../src/model/flow.ts';
import { EMPTY_LEDGER } from '../../../src/model/ledger.ts';
import type { Ledger } from '../../../src/model/ledger.ts';

const pod = (name: string, workload: string, address: string, node: string, container: string): Endpoint =>
  plainEndpoint({
    namespace: 'shop',
    name,
    workload: { kind: 'Deployment', name: workload },
    address,
    node,
    container,
    uid: `uid-of-${name}`,
    evidence: ['cgroup', 'veth'],
  });

/** A small shop; position plus one is the endpoint's id. */
export const ENDPOINTS: readonly Endpoint[] = [
  pod('checkout-7d9f4b6c9-x2m4q', 'checkout', '10.244.1.17', 'worker-a', 'server'),
  pod('payment-5c8d7f5d9b-k8wlt', 'payment', '10.244.1.21', 'worker-a', 'server'),
  pod('payment-5c8d7f5d9b-zq7vn', 'payment', '10.244.2.9', 'worker-b', 'server'),
  pod('cart-6f7c9d8b5-hn2tj', 'cart', '10.244.2.14', 'worker-b', 'cart'),
  pod('frontend-84f5c6d7b-9s6kd', 'frontend', '10.244.1.30', 'worker-a', 'nginx'),
  plainEndpoint({
    kind: 'service',
    namespace: 'shop',
    name: 'payment',
    address: '10.96.41.7',
    names: ['grpc:9090'],
    evidence: ['service-ip'],
  }),
  plainEndpoint({
    kind: 'service',
    namespace: 'shop',
    name: 'cart',
    address: '10.96.12.80',
    names: ['redis:6379'],
    evidence: ['service-ip'],
  }),
  plainEndpoint({
    kind: 'service',
    namespace: 'kube-system',
    name: 'kube-dns',
    address: '10.96.0.10',
    names: ['dns:53'],
    evidence: ['service-ip'],
  }),
  plainEndpoint({
    namespace: 'kube-system',
    name: 'coredns-76f75df574-4mxrb',
    address: '10.244.2.3',
    node: 'worker-b',
    container: 'coredns',
    workload: { kind: 'Deployment', name: 'coredns' },
  }),
  plainEndpoint({
    kind: 'external',
    address: '203.0.113.44',
    names: ['api.payments.example'],
    evidence: ['dns'],
  }),
  plainEndpoint({
    kind: 'node',
    name: 'worker-a',
    node: 'worker-a',
    address: '172.18.0.3',
    evidence: ['node-ip'],
  }),
  plainEndpoint({ kind: 'external', address: '2001:db8:4:1::2a', evidence: ['none'] }),
  plainEndpoint({
    kind: 'unknown',
    address: '10.244.9.200',
    evidence: ['none'],
    candidates: ['shop/job-1', 'shop/job-2'],
  }),
  plainEndpoint({
    kind: 'service',
    namespace: 'shop',
    name: 'inventory',
    address: '10.96.77.3',
    names: ['http:80'],
    evidence: ['service-ip'],
  }),
];

/** On another node, behind a tunnel. */
const RESOLVER = 9;
const TUNNELS = [
  { id: 1, source: '172.18.0.3', sourcePort: 51_611, destination: '172.18.0.4' },
  { id: 2, source: '172.18.0.4', sourcePort: 40_212, destination: '172.18.0.3' },
].map((ends) => ({ kind: 'vxlan', identifier: 1, destinationPort: 8472, flow: 0, ...ends }) as const);

interface Path {
  readonly client: number;
  readonly server: number;
  readonly service: number;
  readonly serverPort: number;
  readonly protocol: PlainFlow['protocol'];
  readonly verdict: Verdict;
  readonly rttUs: number | null;
}

const path = (
  client: number,
  server: number,
  service: number,
  serverPort: number,
  rttUs: number | null,
  verdict: Verdict = 'forwarded',
  protocol: PlainFlow['protocol'] = 'tcp',
): Path => ({ client, server, service, serverPort, rttUs, verdict, protocol });

const PATHS: readonly Path[] = [
  path(5, 1, 0, 8080, 310),
  path(1, 2, 6, 9090, 190),
  path(1, 3, 6, 9090, 840),
  path(1, 4, 7, 6379, 620),
  path(1, RESOLVER, 8, 53, null, 'forwarded', 'udp'),
  path(1, 10, 0, 443, 23_400),
  path(11, 1, 0, 8080, 95),
  path(1, 14, 14, 8082, null, 'refused'),
  path(1, 12, 0, 443, null, 'unanswered'),
  path(13, 1, 0, 8080, 410, 'reset'),
  path(1, 10, 0, 0, null, 'forwarded', 'icmp'),
  path(1, 3, 6, 9090, 1900, 'dropped'),
];

/** Numbers that look random and are the same in every run. */
export function pseudoRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** One flow on one of the shop's paths. */
export function flowOnPath(id: number, now: number, random: () => number): PlainFlow {
  const taken = PATHS[Math.floor(random() ** 1.4 * PATHS.length)] ?? path(1, 2, 6, 9090, 190);
  const alive = taken.verdict === 'forwarded' || taken.verdict === 'dropped' || taken.verdict === 'reset';
  const packets = alive ? 4 + Math.floor(random() ** 3 * 4000) : 1 + Math.floor(random() * 5);
  return plainFlow({
    ...taken,
    id,
    clientPort: 32_768 + (id % 28_000),
    start: now - Math.floor(random() * 240_000) - 200,
    end: now - Math.floor(random() ** 2 * 20_000),
    sentPackets: packets,
    sentBytes: packets * (70 + Math.floor(random() * 500)),
    receivedPackets: alive ? Math.floor(packets * 0.9) : 0,
    receivedBytes: alive ? Math.floor(packets * 0.9) * (90 + Math.floor(random() * 1300)) : 0,
    rttUs: taken.rttUs === null ? null : Math.round(taken.rttUs * (0.8 + random() * 0.5)),
    retransmits: random() > 0.8 ? Math.floor(random() * 6) : 0,
    droppedPackets: taken.verdict === 'dropped' ? 3 : 0,
    sightings: taken.service === 0 ? 2 : 4,
    // Address ids are endpoint ids.
    askedAddress: taken.service === taken.server ? 0 : taken.service,
    askedPort: taken.serverPort,
    translatedAddress: taken.serverPort === 443 ? 11 : 0,
    translatedPort: 40_000 + (id % 1000),
    masqueraded: taken.serverPort === 443,
    initiatorEvidence: taken.server === RESOLVER && id % 3 === 0 ? 'port' : 'opening',
    sentTunnel: taken.server === RESOLVER ? 1 : 0,
    receivedTunnel: taken.server === RESOLVER ? 2 : 0,
  });
}

/** More traffic on a flow that goes on. */
export function grown(flow: PlainFlow, now: number, random: () => number): PlainFlow {
  if (flow.verdict === 'refused' || flow.verdict === 'unanswered') return flow;
  const packets = 1 + Math.floor(random() ** 2 * 60);
  return {
    ...flow,
    end: now,
    sentPackets: flow.sentPackets + packets,
    sentBytes: flow.sentBytes + packets * 180,
    receivedPackets: flow.receivedPackets + packets,
    receivedBytes: flow.receivedBytes + packets * Math.floor(200 + random() * 1200),
  };
}

const POINTS = [
  {
    id: 1,
    node: 'worker-a',
    netns: 4026531840,
    interface: 'veth3f9a21c7',
    ifindex: 7,
    point: 'from-endpoint',
    inner: false,
  },
  {
    id: 2,
    node: 'worker-a',
    netns: 4026531840,
    interface: 'cni0',
    ifindex: 4,
    point: 'from-bridge',
    inner: false,
  },
  {
    id: 3,
    node: 'worker-a',
    netns: 4026531840,
    interface: 'eth0',
    ifindex: 2,
    point: 'to-network',
    inner: false,
  },
  {
    id: 4,
    node: 'worker-a',
    netns: 4026531840,
    interface: 'veth3f9a21c7',
    ifindex: 7,
    point: 'to-endpoint',
    inner: false,
  },
];

/** Sightings of a flow, as many as it says. Address ids are endpoint ids. */
function sightingsOf(flow: PlainFlow): PlainSighting[] {
  return POINTS.slice(0, flow.sightings).map(({ id }) => {
    const back = id === 4;
    const translated = id > 1 || flow.service === 0;
    const server = translated ? flow.server : flow.service;
    return {
      flow: flow.id,
      point: id,
      source: back ? server : flow.client,
      sourcePort: back ? flow.serverPort : flow.clientPort,
      destination: back ? flow.client : server,
      destinationPort: back ? flow.clientPort : flow.serverPort,
      packets: back ? flow.receivedPackets : flow.sentPackets,
      bytes: back ? flow.receivedBytes : flow.sentBytes,
      first: flow.start,
      last: flow.end,
    };
  });
}

/** Names of endpoints, points and addresses: sent once. */
export function namesOf(endpoints: readonly Endpoint[]): FlowUpdate {
  return updateOf({
    endpoints: endpoints.map((endpoint, index) => ({ id: index + 1, endpoint })),
    points: POINTS,
    tunnels: TUNNELS,
    addresses: endpoints.map(({ address }, index) => ({ id: index + 1, address })),
  });
}

export function updateWith(flows: readonly PlainFlow[]): FlowUpdate {
  return updateOf({ flows: packFlows(flows), sightings: packSightings(flows.flatMap(sightingsOf)) });
}

export function ledgerOf(counted: number): Ledger {
  return {
    ...EMPTY_LEDGER,
    seen: counted + 43,
    counted,
    unparsed: { ...EMPTY_LEDGER.unparsed, arp: 38, truncated: 5 },
    suppressed: { dns: 0 },
    own: 412,
    byPoint: POINTS.map((point, index) => ({
      interface: point.interface,
      ifindex: index + 2,
      netns: 1,
      point: point.point,
      seen: Math.floor(counted / 4) + (index === 2 ? 43 : 0),
      counted: Math.floor(counted / 4),
      unparsed: index === 2 ? 43 : 0,
      mapFull: 0,
      filtered: 0,
      pointsOverflow: 0,
      buffers: Math.floor(counted / 9),
      bytes: counted * 300,
    })),
    cost: {
      nanosecondsPerPacket: 214,
      nanosecondsPerDrop: 540,
      programsCpu: 0.004,
      cpu: 0.013,
      residentBytes: 84e6,
      kernelMapBytes: 58e6,
      flows: 300,
      mapEntries: 300,
      mapPeak: 2100,
      mapCapacity: 65_536,
    },
  };
}
