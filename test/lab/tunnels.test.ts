/** What is seen inside tunnels says which tunnel that is and which flow carries it: as `ip -d link` and tshark have it. */
import assert from 'node:assert/strict';
import type { Flow, FlowTunnel } from '../../src/model/flow.ts';
import { runIn } from './commands.ts';
import { addTunnel, openTunnel, TUNNELS } from './extras.ts';
import type { Tunnel } from './extras.ts';
import { Lab } from './lab.ts';
import { Observation } from './observe.ts';
import { UPLINK } from './plan.ts';
import { ping, sendDatagrams, serve } from './traffic.ts';
import { Sniffer } from './truth/sniffer.ts';

const PORT = 9053;
const LOCAL_PORT = 41_000;
const COUNT = 40;
const PAYLOAD = 400;
/** Frames as long as this hold our datagrams, and not the lab's own ARP and echoes. */
const LONG = PAYLOAD + 42;

/** What `ip -d -j link` says of a VXLAN device, as far as it is needed here. */
interface Device {
  readonly id: number;
  readonly local?: string;
  readonly local6?: string;
  readonly remote?: string;
  readonly remote6?: string;
  readonly port: number;
}

/** One packet of a tunnel as tshark read it. */
interface OuterPacket {
  readonly source: string;
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly length: number;
}

const FIELDS = ['ip.src', 'ipv6.src', 'udp.srcport', 'udp.dstport', 'frame.len'];

describe('tunnels', function () {
  this.timeout(120_000);
  let lab: Lab;
  let flows: readonly Flow[];
  let packets: readonly OuterPacket[];

  before(async () => {
    lab = await Lab.build();
    for (const tunnel of TUNNELS) {
      addTunnel(lab, tunnel);
      openTunnel(lab, tunnel);
    }
    await serve(lab, lab.outsidePlace, PORT, PORT);
    for (const { outside } of TUNNELS) ping(lab, lab.nodePlace, outside.ipv4, 1);
    await lab.settle();
    const ports = TUNNELS.map(({ port }) => `udp dst port ${port}`).join(' or ');
    const sniffer = await Sniffer.start(lab.plan.node.netns, [UPLINK], ports, FIELDS);
    const observation = await Observation.start(lab, 60);
    for (const tunnel of TUNNELS) {
      const to = { address: tunnel.outside.ipv4, port: PORT, localPort: LOCAL_PORT };
      const echoed = sendDatagrams(lab, lab.nodePlace, { ...to, count: COUNT, size: PAYLOAD, echo: true });
      assert.deepEqual(echoed, { sent: COUNT, received: COUNT });
    }
    ({ flows } = await observation.interrupt());
    packets = (await sniffer.end()).map(outerPacket);
  });

  after(async () => {
    await lab.close();
  });

  for (const tunnel of TUNNELS) {
    it(`the flow inside ${tunnel.name} names VNI, ends and ports`, () => {
      const { id, port, ...ends } = device(tunnel);
      const [local, remote] = [ends.local ?? ends.local6, ends.remote ?? ends.remote6];
      const [sent, received, ...others] = inside(tunnel).tunnels;
      assert.deepEqual(others, []);
      const common = { kind: 'vxlan', identifier: id, destinationPort: port };
      assert.deepEqual(withoutLink(sent), {
        ...common,
        direction: 'sent',
        source: local,
        sourcePort: sourcePortOf(local, port),
        destination: remote,
      });
      assert.deepEqual(withoutLink(received), {
        ...common,
        direction: 'received',
        source: remote,
        sourcePort: sourcePortOf(remote, port),
        destination: local,
      });
    });

    it(`the flows that carry ${tunnel.name} count the packets that passed`, () => {
      for (const { flow: id, source, sourcePort, destinationPort } of inside(tunnel).tunnels) {
        const outer = flows.find((flow) => flow.id === id);
        assert.ok(outer, `no flow ${String(id)}`);
        const passed = packets.filter(
          (packet) =>
            packet.source === source &&
            packet.sourcePort === sourcePort &&
            packet.destinationPort === destinationPort,
        );
        assert.ok(passed.length >= COUNT);
        assert.equal(outer.sent.packets + outer.received.packets, passed.length);
        const bytes = passed.reduce((sum, { length }) => sum + length, 0);
        assert.equal(outer.sent.bytes + outer.received.bytes, bytes);
        assert.deepEqual(outer.tunnels, []);
      }
    });
  }

  function device({ name }: Tunnel): Device {
    const links = JSON.parse(runIn(lab.plan.node.netns, 'ip', ['-d', '-j', 'link', 'show', 'dev', name])) as {
      linkinfo: { info_kind: string; info_data: Device };
    }[];
    const info = links[0]?.linkinfo;
    assert.equal(info?.info_kind, 'vxlan');
    return info.info_data;
  }

  function inside({ outside }: Tunnel): Flow {
    const [flow, ...others] = flows.filter(
      ({ server, client }) => server.address === outside.ipv4 && client.port === LOCAL_PORT,
    );
    assert.ok(flow, `no flow to ${outside.ipv4}`);
    assert.deepEqual(others, []);
    return flow;
  }

  /** The port from which one end sent the long frames. */
  function sourcePortOf(source: string | undefined, port: number): number | undefined {
    const long = packets.filter(
      (packet) => packet.source === source && packet.destinationPort === port && packet.length >= LONG,
    );
    const [first, ...others] = [...new Set(long.map(({ sourcePort }) => sourcePort))];
    assert.deepEqual(others, []);
    return first;
  }
});

function withoutLink(tunnel: FlowTunnel | undefined): Omit<FlowTunnel, 'flow'> | undefined {
  if (tunnel === undefined) return undefined;
  const { flow, ...rest } = tunnel;
  assert.ok(flow !== null);
  return rest;
}

/** The first of each field is the outer packet's: tshark reads what is inside, too. */
function outerPacket(row: readonly string[]): OuterPacket {
  const [ipv4 = '', ipv6 = '', sourcePort = '', destinationPort = '', length = ''] = row.map(
    (cell) => cell.split(',')[0] ?? '',
  );
  return {
    // The family of the outer packet is the one that came first; the other may be that of the packet inside.
    source: ipv6 !== '' && !ipv6.startsWith('fd00:50:') ? ipv6 : ipv4,
    sourcePort: Number(sourcePort),
    destinationPort: Number(destinationPort),
    length: Number(length),
  };
}
