/** Connections across NAT with their packets, for tests of the join. */
import type { Question } from '../identity/question.ts';
import assert from 'node:assert/strict';
import type { Flow } from '../../../src/model/flow.ts';
import { IP_PROTOCOL, TCP_FLAG } from '../collector/flowLayout.ts';
import type { TestConnection } from '../nat/conntrackRecords.fixture.ts';
import { flowJson } from './flowJson.ts';
import { BOOT, TestFlows } from './flowTable.fixture.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';

export const CLIENT = { namespace: 'shop', name: 'client', uid: 'uid-client' };
export const WEB = { namespace: 'shop', name: 'web', uid: 'uid-web' };
export const CLIENT_VETH = { ifindex: 5, name: 'veth5', role: 'pod-veth', pod: CLIENT } as const;
export const WEB_VETH = { ifindex: 6, name: 'veth6', role: 'pod-veth', pod: WEB } as const;
export const BRIDGE = { ifindex: 3, name: 'cni0', role: 'bridge' } as const;
export const UPLINK = { ifindex: 2, name: 'eth0', role: 'uplink' } as const;
export const INTERFACES = [CLIENT_VETH, WEB_VETH, BRIDGE, UPLINK];

export const NODE = '172.31.0.2';
export const FAMILIES = {
  v4: { client: '10.244.1.5', service: '10.96.0.10', web: '10.244.1.6', outside: '192.0.2.7', gateway: NODE },
  v6: {
    client: 'fd00::5',
    service: 'fd00:96::10',
    web: 'fd00::6',
    outside: '2001:db8::7',
    gateway: 'fd00::1',
  },
};

export type Way = 'direct' | 'service' | 'hairpin' | 'masqueraded' | 'remapped';

/** A connection of the client pod, by what NAT does to it. */
export function connectionOf(way: Way, index: number, protocol: number, family: 'v4' | 'v6'): TestConnection {
  const { client, service, web, outside, gateway } = FAMILIES[family];
  const echo = protocol === IP_PROTOCOL.icmp;
  const port = 40_000 + index;
  const end = (address: string, own: number): TestConnection['client'] => ({
    address,
    port: echo ? port : own,
  });
  const from = end(client, port);
  const base = { id: index + 1, protocol, client: from, source: from };
  if (way === 'direct') return { ...base, asked: end(web, 8080), server: end(web, 8080) };
  if (way === 'service') return { ...base, asked: end(service, 80), server: end(web, 8080) };
  if (way === 'masqueraded') {
    return { ...base, asked: end(outside, 443), server: end(outside, 443), source: end(gateway, port) };
  }
  // SNAT may give another port, and another echo id.
  const other = { address: way === 'hairpin' ? gateway : client, port: 60_000 + index };
  const answers = echo ? { address: web, port: other.port } : end(web, 8080);
  return { ...base, asked: end(service, 80), server: answers, source: other };
}

/** One packet with each tuple at the points where it passes so: veth, bridge between DNAT and SNAT, server's side. */
export function packetsOf(connection: TestConnection, shape: Shape): SeenPacket[] {
  const { client, asked, server, source, protocol } = connection;
  const { reply, time, bytes, tcpFlags } = shape;
  const plainServer = protocol === IP_PROTOCOL.icmp ? { ...server, port: client.port } : server;
  const out = server.address === asked.address && source.address !== client.address ? UPLINK : WEB_VETH;
  const seen = (from: typeof client, to: typeof client, ifindex: number, egress: boolean): SeenPacket => {
    const [a, b] = reply ? [to, from] : [from, to];
    const ends = { from: a.address, fromPort: a.port, to: b.address, toPort: b.port };
    const flags = protocol === IP_PROTOCOL.tcp ? tcpFlags : 0;
    return { ...ends, protocol, netns: 1, ifindex, egress: egress !== reply, bytes, tcpFlags: flags, time };
  };
  const atClient = seen(client, asked, CLIENT_VETH.ifindex, false);
  const atServer = seen(source, server, out.ifindex, true);
  const isRemapped = source.address === client.address && source.port !== client.port;
  if (isRemapped) return [atClient, atServer];
  return [atClient, seen(client, plainServer, BRIDGE.ifindex, false), atServer];
}

export interface Shape {
  readonly reply: boolean;
  readonly time: number;
  readonly bytes: number;
  readonly tcpFlags: number;
}

export function flowsOf(flows: TestFlows): Flow[] {
  return flows
    .rows()
    .map((row) => flowJson(flows.table, row, 's'))
    .sort((a, b) => a.client.port - b.client.port || a.server.port - b.server.port);
}

/** What must not depend on the order of things; a handshake's packets are spread against time here. */
export function truth(flow: Flow): object {
  const { id, client, server, ...rest } = flow;
  assert.ok(id);
  // A flow that NAT left alone has the evidence of the moment when it was first counted.
  const end = (one: Flow['client']): object => (flow.nat.length === 0 ? { ...one, evidence: null } : one);
  const tcp = flow.tcp === null ? null : { ...flow.tcp, handshakeUs: null };
  return { ...rest, client: end(client), server: end(server), tcp };
}

/** @param asked is told whatever is asked of who an end is */
export function newFlows(maxFlows = 1024, asked: (question: Question) => void = () => {}): TestFlows {
  const flows = new TestFlows(INTERFACES, { maxFlows, asked });
  flows.inventory.update({ reset: true, upserts: inventory(), deletedUids: [] }, BOOT - 5000);
  return flows;
}

export function inventory(): Parameters<TestFlows['inventory']['update']>[0]['upserts'] {
  const metadata = { namespace: 'shop', creationTimestamp: '2025-12-31T00:00:00Z' };
  const pod = ({ name, uid }: typeof WEB, ...ips: string[]): object => ({
    kind: 'Pod',
    metadata: { ...metadata, name, uid },
    spec: { nodeName: 'node-a', containers: [{ name }] },
    status: { phase: 'Running', startTime: metadata.creationTimestamp, podIPs: ips.map((ip) => ({ ip })) },
  });
  return [
    pod(CLIENT, FAMILIES.v4.client, FAMILIES.v6.client),
    pod(WEB, FAMILIES.v4.web, FAMILIES.v6.web),
    {
      kind: 'Service',
      metadata: { ...metadata, name: 'web', uid: 'uid-service' },
      spec: {
        type: 'ClusterIP',
        clusterIPs: [FAMILIES.v4.service, FAMILIES.v6.service],
        ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
      },
      status: { loadBalancer: {} },
    },
    {
      kind: 'Node',
      metadata: { name: 'node-a', uid: 'uid-node', creationTimestamp: metadata.creationTimestamp },
      spec: { podCIDRs: [] },
      status: {
        addresses: [{ type: 'InternalIP', address: NODE }],
        nodeInfo: { operatingSystem: 'linux', architecture: 'amd64' },
      },
    },
  ] as never;
}

export const OPENING = { reply: false, time: 100, bytes: 74, tcpFlags: TCP_FLAG.syn };
export const ANSWER = { reply: true, time: 101, bytes: 74, tcpFlags: TCP_FLAG.syn | TCP_FLAG.ack };

export const SERVICE = connectionOf('service', 0, IP_PROTOCOL.tcp, 'v4');
export const HAIRPIN = connectionOf('hairpin', 0, IP_PROTOCOL.tcp, 'v4');

export function byTime(packets: readonly SeenPacket[]): SeenPacket[] {
  return [...packets].sort((a, b) => a.time - b.time);
}
