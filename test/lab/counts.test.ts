/**
 * Every count of the agent against one that we did not make: `ss` for wire segments and payload, nftables counters at
 * the same interface for kernel buffers, and the interfaces' own statistics for the ledger.
 *
 * Which figure goes with which: a flow counts wire packets, and so does `ss` (segs_out, segs_in). nftables and interfaces
 * count kernel buffers, of which one carries many segments while segmentation offload is on: those equal the ledger's
 * `buffers`, and equal wire packets only with offloads off, or for traffic that is never merged (UDP here, ICMP).
 */
import assert from 'node:assert/strict';
import { delay, runIn } from './commands.ts';
import { Lab } from './lab.ts';
import { Observation } from './observe.ts';
import type { Observed } from './observe.ts';
import { exchange, hold, ping, sendDatagrams, serve } from './traffic.ts';
import type { HeldConnection } from './traffic.ts';
import { interfaceStatistics } from './truth/interfaceStatistics.ts';
import { ETHERNET_HEADER, PacketCounters } from './truth/packetCounters.ts';
import type { PacketCounts } from './truth/packetCounters.ts';
import { tcpSocket } from './truth/tcpSockets.ts';
import type { TcpSocketFacts } from './truth/tcpSockets.ts';

const FAMILIES = ['ipv4', 'ipv6'] as const;
type Family = (typeof FAMILIES)[number];
const IP_HEADER = { ipv4: 20, ipv6: 40 } as const;
/** TCP header with the timestamp option, and that of SYN and SYN-ACK with all of Linux's options. */
const TCP_HEADER = 32;
const SYN_HEADER = 40;
const UDP_HEADER = 8;
const ICMP_ECHO = 8 + 56;

const BULK = { send: 3_000_000, receive: 200_000 };
const DATAGRAMS = { count: 700, size: 120 };
const PINGS = 4;
/** One source port a family, so that a flow is found by its port. */
const UDP_PORT = { ipv4: 41_004, ipv6: 41_006 } as const;

for (const offloads of [true, false]) {
  describe(`counts, segmentation offloads ${offloads ? 'on' : 'off'}`, () => {
    let lab: Lab;
    let counters: PacketCounters;
    let observed: Observed;
    let counted: PacketCounts;
    const sockets = {} as Record<Family, { held: HeldConnection; facts: TcpSocketFacts }>;
    let interfacesBefore: ReturnType<typeof interfaceStatistics>;
    let interfacesAfter: ReturnType<typeof interfaceStatistics>;

    before(async function () {
      this.timeout(90_000);
      lab = await Lab.build();
      if (!offloads) lab.setOffloads(false);
      const client = lab.placeOf(lab.pod('client'));
      // A busy machine acknowledges late and Linux sends again, which is counted as it should be; but selective
      // acknowledgements would make some headers longer than others.
      for (const name of ['client', 'web-1']) {
        runIn(lab.pod(name).netns, 'sysctl', ['-qw', 'net.ipv4.tcp_sack=0']);
      }
      await serve(lab, lab.placeOf(lab.pod('web-1')), 8080, 8053);
      await serve(lab, lab.outsidePlace, 9000, 9001);
      for (const family of FAMILIES) {
        // Neighbours are learned before anything is counted.
        ping(lab, client, lab.pod('web-1').addresses[family], 1);
        ping(lab, client, lab.plan.outside.addresses[family], 1);
      }
      await lab.settle();
      const names = interfaceStatistics(lab.plan.node.netns).map(({ name }) => name);
      counters = new PacketCounters(lab.plan.node.netns, 'truth', names, rules(lab));

      const observation = await Observation.start(lab, 12);
      const start = counters.read();
      interfacesBefore = interfaceStatistics(lab.plan.node.netns);
      for (const family of FAMILIES) {
        const server = lab.pod('web-1').addresses[family];
        const held = await hold(lab, client, { address: server, port: 8080 }, BULK);
        sendDatagrams(lab, client, {
          ...DATAGRAMS,
          address: server,
          port: 8053,
          localPort: UDP_PORT[family],
          echo: true,
        });
        ping(lab, client, lab.plan.outside.addresses[family], PINGS);
        exchange(
          lab,
          client,
          { address: lab.plan.outside.addresses[family], port: 9000 },
          { send: 5000, receive: 5000 },
        );
        // The last acknowledgement may be delayed.
        await delay(300);
        sockets[family] = { held, facts: tcpSocket(lab.pod('client').netns, held.localPort) };
      }
      counted = counters.read().since(start);
      interfacesAfter = interfaceStatistics(lab.plan.node.netns);
      observed = await observation.end();
      for (const { held } of Object.values(sockets)) await held.close();
    });

    after(async () => {
      await lab.close();
    });

    for (const family of FAMILIES) {
      it(`TCP over ${family}: wire packets and bytes as the client's socket has them`, () => {
        const { held, facts } = sockets[family];
        const flow = only(
          observed.flows,
          (one) => one.protocol === 'tcp' && one.client.port === held.localPort,
        );
        const header = ETHERNET_HEADER + IP_HEADER[family] + TCP_HEADER;
        assert.deepEqual(flow.sent, {
          packets: facts.segmentsOut,
          bytes: facts.bytesSent + facts.segmentsOut * header + (SYN_HEADER - TCP_HEADER),
        });
        assert.deepEqual(flow.received, {
          packets: facts.segmentsIn,
          bytes: facts.bytesReceived + facts.segmentsIn * header + (SYN_HEADER - TCP_HEADER),
        });
      });

      it(`TCP over ${family}: every sighting on the way counted the same`, () => {
        const flow = only(observed.flows, (one) => one.client.port === sockets[family].held.localPort);
        const client = flow.sightings.filter((one) => one.tuple.source === flow.client.address);
        assert.deepEqual(
          new Set(client.map((one) => `${one.interface} ${one.point}`)),
          new Set([
            `${lab.pod('client').hostInterface} from-endpoint`,
            `${lab.pod('web-1').hostInterface} to-endpoint`,
          ]),
        );
        for (const sighting of client) {
          assert.deepEqual({ packets: sighting.packets, bytes: sighting.bytes }, flow.sent, sighting.point);
        }
      });

      it(`TCP over ${family}: kernel buffers at the veth are the counter's`, () => {
        const { facts } = sockets[family];
        const veth = lab.pod('client').hostInterface ?? '';
        const buffers = counted.of(`tcp-${family}`, veth, 'ingress');
        if (offloads) assert.ok(buffers.packets < facts.segmentsOut / 2, 'segmentation offload was at work');
        else assert.equal(buffers.packets, facts.segmentsOut);
        // Each buffer saves the headers that its further segments would have had.
        const header = ETHERNET_HEADER + IP_HEADER[family] + TCP_HEADER;
        const flow = only(observed.flows, (one) => one.client.port === sockets[family].held.localPort);
        const wire =
          buffers.bytes + ETHERNET_HEADER * buffers.packets + (facts.segmentsOut - buffers.packets) * header;
        assert.equal(flow.sent.bytes, wire);
      });

      it(`UDP over ${family}: every datagram, both ways`, () => {
        const flow = only(
          observed.flows,
          (one) => one.protocol === 'udp' && one.client.port === UDP_PORT[family],
        );
        const bytes = DATAGRAMS.count * (ETHERNET_HEADER + IP_HEADER[family] + UDP_HEADER + DATAGRAMS.size);
        assert.deepEqual(flow.sent, { packets: DATAGRAMS.count, bytes });
        assert.deepEqual(flow.received, { packets: DATAGRAMS.count, bytes });
        const veth = lab.pod('client').hostInterface ?? '';
        assert.equal(counted.of(`udp-${family}`, veth, 'ingress').packets, DATAGRAMS.count);
        assert.deepEqual(counted.of(`udp-${family}`, veth, 'egress'), { packets: DATAGRAMS.count, bytes });
      });

      it(`ICMP echo over ${family}: every request and answer`, () => {
        const protocol = family === 'ipv4' ? 'icmp' : 'icmpv6';
        const outside = lab.plan.outside.addresses[family];
        const client = lab.pod('client').addresses[family];
        const flow = only(
          observed.flows,
          (one) =>
            one.protocol === protocol && one.client.address === client && one.server.address === outside,
        );
        const bytes = PINGS * (ETHERNET_HEADER + IP_HEADER[family] + ICMP_ECHO);
        assert.deepEqual(flow.sent, { packets: PINGS, bytes });
        assert.deepEqual(flow.received, { packets: PINGS, bytes });
        const veth = lab.pod('client').hostInterface ?? '';
        assert.equal(counted.of(`echo-${family}`, veth, 'ingress').packets, PINGS);
        assert.deepEqual(counted.of(`echo-${family}`, veth, 'egress'), { packets: PINGS, bytes });
      });
    }

    it('the ledger has seen every buffer that interfaces and nftables counted', () => {
      for (const now of interfacesAfter) {
        const then = only(interfacesBefore, (one) => one.ifindex === now.ifindex);
        for (const direction of ['ingress', 'egress'] as const) {
          const byInterface =
            direction === 'ingress'
              ? now.receivedPackets - then.receivedPackets
              : now.sentPackets - then.sentPackets;
          const byCounter = counted.of('all', now.name, direction);
          assert.equal(
            byCounter.packets,
            byInterface,
            `${now.name} ${direction}: nftables and the interface agree`,
          );
          const point = observed.ledger.byPoint.find(
            (one) =>
              one.ifindex === now.ifindex && one.point.startsWith(direction === 'ingress' ? 'from-' : 'to-'),
          );
          if (!point && byInterface === 0) continue;
          assert.ok(point, `the ledger lacks ${now.name} ${direction}`);
          assert.equal(point.buffers, byInterface, `${now.name} ${direction}: buffers`);
          if (offloads) continue;
          assert.equal(point.seen, byInterface, `${now.name} ${direction}: one segment a buffer`);
          const headers = direction === 'ingress' ? ETHERNET_HEADER * byCounter.packets : 0;
          assert.equal(point.bytes, byCounter.bytes + headers, `${now.name} ${direction}: bytes`);
        }
      }
    });

    it('the ledger adds up and nothing was lost', () => {
      const { ledger } = observed;
      const unparsed = Object.values(ledger.unparsed).reduce((sum, count) => sum + count, 0);
      assert.equal(ledger.seen, ledger.counted + unparsed + ledger.mapFull);
      assert.equal(
        ledger.seen,
        ledger.byPoint.reduce((sum, point) => sum + point.seen, 0),
      );
      assert.deepEqual(
        [ledger.mapFull, ledger.pointsOverflow, ledger.eventsLost, ledger.folded, ledger.queueDropped],
        [0, 0, 0, 0, 0],
      );
      const sighted = observed.flows
        .flatMap((flow) => flow.sightings)
        .reduce((sum, sighting) => sum + sighting.packets, 0);
      assert.equal(
        sighted + ledger.own,
        ledger.counted,
        'every counted packet is in the sightings of some flow',
      );
    });
  });
}

/** nftables matches by name; a datagram is found by its client's port, whichever way it goes. */
function rules(lab: Lab): Record<string, string> {
  const web = lab.pod('web-1').addresses;
  return {
    all: '',
    'tcp-ipv4': `ip daddr ${web.ipv4} meta l4proto tcp`,
    'tcp-ipv6': `ip6 daddr ${web.ipv6} meta l4proto tcp`,
    'udp-ipv4': 'meta protocol ip meta l4proto udp',
    'udp-ipv6': 'meta protocol ip6 meta l4proto udp',
    'echo-ipv4': 'icmp type { echo-request, echo-reply }',
    'echo-ipv6': 'icmpv6 type { echo-request, echo-reply }',
  };
}

function only<T>(all: readonly T[], wanted: (one: T) => boolean): T {
  const found = all.filter(wanted);
  assert.equal(found.length, 1, `exactly one is wanted, found ${JSON.stringify(found)}`);
  return found[0] as T;
}
