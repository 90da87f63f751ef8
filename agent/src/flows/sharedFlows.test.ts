import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Flow } from '../../../src/model/flow.ts';
import { IP_PROTOCOL, RECORD, SIDE, TCP_FLAG, viewOf } from '../collector/flowLayout.ts';
import type { TestConnection } from '../nat/conntrackRecords.fixture.ts';
import { conntrackBatch, conntrackRecord } from '../nat/conntrackRecords.fixture.ts';
import { flowJson } from './flowJson.ts';
import { BOOT, NETNS, TestFlows } from './flowTable.fixture.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';
import { drainOf } from './kernelRecords.fixture.ts';

const POD = { namespace: 'shop', name: 'client', uid: 'uid-client' };
const NODE_NETNS = 1;
const POD_NETNS = 2;
const POD_INODE = NETNS + 1;
const VETH = { ifindex: 5, name: 'veth5', role: 'pod-veth', pod: POD } as const;
const BRIDGE = { ifindex: 3, name: 'cni0', role: 'bridge' } as const;
const INSIDE = { ifindex: 7, name: 'eth0', role: 'pod-veth', pod: POD } as const;

const CLIENT = { address: '10.244.1.5', port: 40_000 };
const SERVICE = { address: '10.96.0.10', port: 80 };
const WEB = { address: '10.244.1.6', port: 8080 };
const THROUGH_SERVICE: TestConnection = {
  id: 7,
  protocol: IP_PROTOCOL.tcp,
  client: CLIENT,
  source: CLIENT,
  asked: SERVICE,
  server: WEB,
};

function newFlows(wired = true): TestFlows {
  const flows = new TestFlows([VETH, BRIDGE, INSIDE]);
  const namespaces = [
    { inode: POD_INODE, pod: POD, interfaces: [{ peer: { netns: NETNS, ifindex: 5, name: 'veth5' } }] },
    { inode: NETNS, pod: null, interfaces: [{ peer: { netns: POD_INODE, ifindex: 2, name: 'eth0' } }] },
  ];
  const attached = [
    { netnsInode: NETNS, netnsIndex: NODE_NETNS },
    { netnsInode: POD_INODE, netnsIndex: POD_NETNS },
  ];
  if (wired) flows.wired.update({ namespaces }, attached);
  return flows;
}

interface Shape {
  readonly time: number;
  readonly reply: boolean;
  readonly tcpFlags: number;
}

const OPENING = { time: 100, reply: false, tcpFlags: TCP_FLAG.syn };

/** A packet at the pod's own end of its veth, at the node's end, and beyond DNAT at the bridge. */
function packetsOf(shape: Shape, asked = SERVICE, server = WEB, address = CLIENT.address): SeenPacket[] {
  const seen = (to: typeof SERVICE, netns: number, ifindex: number, egress: boolean): SeenPacket => {
    const [from, end] = shape.reply ? [to, { ...CLIENT, address }] : [{ ...CLIENT, address }, to];
    const ends = { from: from.address, fromPort: from.port, to: end.address, toPort: end.port };
    const { time, tcpFlags } = shape;
    return {
      ...ends,
      protocol: IP_PROTOCOL.tcp,
      netns,
      ifindex,
      egress: egress !== shape.reply,
      bytes: 74,
      tcpFlags,
      time,
    };
  };
  return [
    seen(asked, POD_NETNS, INSIDE.ifindex, true),
    seen(asked, NODE_NETNS, VETH.ifindex, false),
    seen(server, NODE_NETNS, BRIDGE.ifindex, false),
  ];
}

function flowsOf(flows: TestFlows): Flow[] {
  return flows
    .rows()
    .map((row) => flowJson(flows.table, row, 's'))
    .sort((a, b) => a.client.port - b.client.port);
}

function truth({ id, client, server, ...rest }: Flow): object {
  assert.ok(id);
  return { ...rest, ends: [client.port, server.port], tcp: { ...rest.tcp, handshakeUs: null } };
}

describe('flows of namespaces that are wired to each other', () => {
  it('are one flow each, whatever NAT does in the node and in which order the namespaces tell', () => {
    const order = fc.shuffledSubarray([0, 1, 2], { minLength: 3 });
    fc.assert(
      fc.property(order, fc.boolean(), fc.nat(2), (placesOrder, direct, known) => {
        const asked = direct ? WEB : SERVICE;
        const shapes = [OPENING, { time: 101, reply: true, tcpFlags: TCP_FLAG.syn | TCP_FLAG.ack }];
        const packets = shapes.flatMap((shape) => packetsOf(shape, asked));
        const record = conntrackBatch([conntrackRecord(THROUGH_SERVICE, 'created')]);
        const whole = newFlows();
        whole.tick(packets, 200, direct ? [] : [record]);
        const spread = newFlows();
        placesOrder.forEach((place, drain) => {
          const some = packets.filter((_, index) => index % 3 === place);
          spread.tick(some, 200, !direct && drain === known ? [record] : []);
        });
        for (const flows of [whole, spread]) flows.tick([], 300);
        const [flow, ...others] = flowsOf(spread);
        assert.deepEqual(others, []);
        assert.deepEqual(flow && truth(flow), flowsOf(whole).map(truth)[0]);
        assert.deepEqual([flow?.sent.packets, flow?.received.packets], [1, 1]);
        assert.equal(flow?.sightings.length, 6);
        assert.equal(flow.nat.length, direct ? 0 : 1);
      }),
      { numRuns: 100 },
    );
  });

  it('stay two where nothing is known to join the namespaces', () => {
    const flows = newFlows(false);
    flows.tick(packetsOf(OPENING, WEB), 200);
    assert.deepEqual(
      flowsOf(flows).map(({ sightings }) => sightings.length),
      [1, 2],
    );
  });

  it('stay two on loopback, which each namespace has of its own', () => {
    const flows = newFlows();
    flows.tick(packetsOf(OPENING, { ...WEB, address: '127.0.0.1' }, undefined, '127.0.0.1').slice(0, 2), 200);
    assert.equal(flowsOf(flows).length, 2);
  });

  it('count what packets show of a tuple once, and free all their rows', () => {
    const flows = newFlows();
    for (const packet of packetsOf(OPENING, WEB).slice(0, 2)) {
      const drain = drainOf([packet]);
      const view = viewOf(drain.records);
      for (const side of [RECORD.low, RECORD.high]) view.setUint32(side + SIDE.seenRetransmits, 2, true);
      flows.feed(drain, 200, 0);
    }
    assert.equal(flowsOf(flows)[0]?.tcp?.retransmits, 4);
    for (const at of [400_000, 410_000]) flows.tick([], at);
    flows.table.forgetEnded(flows.table.sequence);
    assert.deepEqual([flows.table.size, flows.table.names.addresses.size], [0, 0]);
  });

  it('leave NAT within one of the namespaces alone, where another has the tuple, too', () => {
    const flows = newFlows();
    flows.tick(packetsOf(OPENING, WEB), 200);
    const inside = { ...THROUGH_SERVICE, id: 9, asked: WEB, server: { ...WEB, port: 15_001 } };
    const batch = { ...conntrackBatch([conntrackRecord(inside, 'created')], BOOT), netns: POD_NETNS };
    flows.tick([], 300, [batch]);
    assert.deepEqual(
      flowsOf(flows).map(({ final, nat, server }) => [final, nat.length, server.port]),
      [[false, 0, WEB.port]],
    );
  });
});
