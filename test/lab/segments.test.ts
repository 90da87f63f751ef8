/**
 * Bulk TCP with segmentation offload: 400 MB over each way, and wire packets and bytes are exactly what the sender's socket
 * says, at the pod's veth, at the uplink, and in a tunnel and around it.
 */
import assert from 'node:assert/strict';
import type { Flow, Sighting } from '../../src/model/flow.ts';
import { delay, runIn } from './commands.ts';
import { addTunnel, openTunnel, TUNNEL_OVERHEAD, TUNNELS } from './extras.ts';
import type { Tunnel } from './extras.ts';
import { Lab } from './lab.ts';
import type { Place } from './lab.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { hold, ping, serve } from './traffic.ts';
import type { HeldConnection } from './traffic.ts';
import { ETHERNET_HEADER } from './truth/packetCounters.ts';
import { tcpSocket, tcpSocketTo } from './truth/tcpSockets.ts';
import type { TcpSocketFacts } from './truth/tcpSockets.ts';

const BULK = { send: 400_000_000, receive: 4_000_000 };
const PORT = 9000;
const IP_HEADER = { ipv4: 20, ipv6: 40 } as const;
/** With the timestamp option; SYN and SYN-ACK have 8 bytes of options more. */
const TCP_HEADER = 32;
const SYN_OPTIONS = 8;

type Family = keyof typeof IP_HEADER;

/** One connection: from where, over which family, and through which tunnel. */
interface Way {
  readonly name: string;
  readonly family: Family;
  readonly tunnel: Tunnel | null;
}

/** Its two sockets, when all was sent. */
interface Ends {
  readonly held: HeldConnection;
  readonly client: TcpSocketFacts;
  readonly server: TcpSocketFacts;
}

const FAMILIES: readonly Family[] = ['ipv4', 'ipv6'];
const WAYS: readonly Way[] = [
  ...FAMILIES.map((family) => ({ name: `the uplink, ${family}`, family, tunnel: null })),
  ...TUNNELS.map((tunnel, index) => {
    const family = FAMILIES[index % 2] ?? 'ipv4';
    return { name: `${family} in VXLAN over ${tunnel.underlay}, port ${tunnel.port}`, family, tunnel };
  }),
];

describe('segments of bulk TCP, offloads on', () => {
  let lab: Lab;
  let observed: Observed;
  const sockets = new Map<Way, Ends>();

  before(async function () {
    this.timeout(180_000);
    lab = await Lab.build();
    const places = { pod: lab.placeOf(lab.pod('client')), node: lab.nodePlace };
    // Selective acknowledgements would make some headers longer than others.
    for (const { netns } of [places.pod, places.node, lab.outsidePlace]) {
      runIn(netns, 'sysctl', ['-qw', 'net.ipv4.tcp_sack=0']);
    }
    for (const tunnel of TUNNELS) {
      addTunnel(lab, tunnel);
      openTunnel(lab, tunnel);
    }
    await serve(lab, lab.outsidePlace, PORT, PORT);
    const from = ({ tunnel }: Way): Place => (tunnel ? places.node : places.pod);
    for (const way of WAYS) ping(lab, from(way), destination(way), 1);
    await lab.settle();
    const observation = await Observation.start(lab, 170);
    for (const way of WAYS) {
      const held = await hold(lab, from(way), { address: destination(way), port: PORT }, BULK);
      // The last acknowledgement may be delayed.
      await delay(300);
      const client = tcpSocket(from(way).netns, held.localPort);
      sockets.set(way, { held, client, server: tcpSocketTo(lab.outsidePlace.netns, held.localPort) });
    }
    observed = await observation.interrupt();
    for (const { held } of sockets.values()) await held.close();
  });

  after(async () => {
    await lab.close();
  });

  const destination = ({ family, tunnel }: Way): string =>
    (tunnel ? tunnel.outside : lab.plan.outside.addresses)[family];

  function socketsOf(way: Way): Ends {
    const socket = sockets.get(way);
    assert.ok(socket, `no connection over ${way.name}`);
    return socket;
  }

  for (const way of WAYS) {
    it(`over ${way.name}: packets and bytes are the socket's`, () => {
      const { held, client, server } = socketsOf(way);
      assert.ok(client.bytesSent >= BULK.send, 'everything was sent');
      const header = ETHERNET_HEADER + IP_HEADER[way.family] + TCP_HEADER;
      // Each by its sender: what was sent again arrives twice, and a receiver counts its bytes once.
      const sentBy = ({ segmentsOut, bytesSent }: TcpSocketFacts, before: number): object => ({
        packets: before + segmentsOut,
        bytes: bytesSent + (before + segmentsOut) * header + SYN_OPTIONS,
      });
      // The SYN-ACK was sent before there was a socket to count it.
      const expected = { sent: sentBy(client, 0), received: sentBy(server, 1) };
      const flows = observed.flows.filter(
        ({ protocol, client }) => protocol === 'tcp' && client.port === held.localPort,
      );
      // The pod's source is translated at the uplink: still one flow, in which every point saw all of it.
      const [flow, ...others] = flows;
      assert.ok(flow);
      assert.deepEqual(others, []);
      assert.deepEqual({ sent: flow.sent, received: flow.received }, expected);
      for (const { inner, tuple, packets, bytes, interface: name } of flow.sightings) {
        if (inner) continue;
        assert.deepEqual(
          { packets, bytes },
          tuple.destinationPort === PORT ? flow.sent : flow.received,
          name,
        );
      }
    });
  }

  for (const tunnel of TUNNELS) {
    it(`the outer packets of VXLAN port ${tunnel.port} are the inner ones, each with its headers`, () => {
      for (const direction of ['to', 'from'] as const) {
        const inner = observed.ledger.byPoint.find(
          (point) => point.interface === tunnel.name && point.point === `${direction}-overlay`,
        );
        assert.ok(inner, `${tunnel.name} ${direction}`);
        const outer = sightings(({ protocol, server }) => protocol === 'udp' && server.port === tunnel.port)
          .filter(({ interface: name }) => name === 'eth0')
          .filter(({ point }) => point === `${direction}-network`);
        const { packets, bytes } = total(outer);
        assert.equal(packets, inner.seen);
        assert.equal(bytes, inner.bytes + inner.seen * TUNNEL_OVERHEAD[tunnel.underlay]);
      }
    });
  }

  function sightings(wanted: (flow: Flow) => boolean): Sighting[] {
    const all = observed.flows.filter(wanted).flatMap((flow) => flow.sightings);
    return all.filter(({ inner }) => !inner);
  }

  function total(of: readonly Sighting[]): { packets: number; bytes: number } {
    const sum = { packets: 0, bytes: 0 };
    for (const { packets, bytes } of of) {
      sum.packets += packets;
      sum.bytes += bytes;
    }
    return sum;
  }
});
