import assert from 'node:assert/strict';
import { IP_PROTOCOL, KEY, KEY_BYTES, TCP_FLAG } from '../collector/flowLayout.ts';
import { flowJson } from './flowJson.ts';
import { SIDE_NUMBER } from './flowRow.ts';
import { TestFlows } from './flowTable.fixture.ts';
import type { SeenPacket } from './kernelRecords.fixture.ts';

const VETH = { ifindex: 5, name: 'veth5', role: 'pod-veth' } as const;

/** The client has the higher address, so it is the high side, and the lower port, so that it is taken for the server. */
function packet(port: number, protocol: number, tcpFlags = 0, time = 100): SeenPacket {
  const ends = { from: '10.244.1.9', fromPort: port, to: '10.244.1.5', toPort: 65_000 };
  return { ...ends, protocol, netns: 1, ifindex: VETH.ifindex, egress: false, bytes: 60, tcpFlags, time };
}

function client(flows: TestFlows): unknown[] {
  return flows.rows().map((row) => {
    const { client: end, initiator } = flowJson(flows.table, row, 's');
    return [initiator, end.address];
  });
}

describe('initiators', () => {
  it('are asked for once, for the flows whose opening was not seen, and say who the client is', async () => {
    const asked: number[] = [];
    const flows = new TestFlows([VETH], {
      initiators: (netns, keys) => {
        assert.equal(netns, 1);
        const view = new DataView(keys.buffer, keys.byteOffset, keys.length);
        for (let at = 0; at < keys.length; at += KEY_BYTES) {
          asked.push(view.getUint16(at + KEY.highPort, true));
        }
        return Promise.resolve(new Uint8Array(keys.length / KEY_BYTES).fill(SIDE_NUMBER.high));
      },
    });
    flows.tick(
      [
        packet(1001, IP_PROTOCOL.udp),
        packet(1002, IP_PROTOCOL.tcp, TCP_FLAG.ack),
        packet(1003, IP_PROTOCOL.tcp, TCP_FLAG.syn),
      ],
      200,
    );
    assert.deepEqual(client(flows), [
      ['guessed', '10.244.1.5'],
      ['guessed', '10.244.1.5'],
      ['certain', '10.244.1.9'],
    ]);
    await flows.initiators.settle();
    flows.tick([packet(1001, IP_PROTOCOL.udp, 0, 300)], 400);
    await flows.initiators.settle();
    flows.tick([], 500);
    assert.deepEqual(client(flows), [
      ['certain', '10.244.1.9'],
      ['certain', '10.244.1.9'],
      ['certain', '10.244.1.9'],
    ]);
    assert.deepEqual(asked.sort(), [1001, 1002]);
    assert.deepEqual(flows.initiators.counts, { asked: 2, told: 2 });
  });

  it('stay guessed where nobody knows, and nothing is asked again', async () => {
    let rounds = 0;
    const flows = new TestFlows([VETH], {
      initiators: (_, keys) => {
        rounds += 1;
        return Promise.resolve(new Uint8Array(keys.length / KEY_BYTES));
      },
    });
    for (const time of [100, 300, 500]) {
      flows.tick([packet(1001, IP_PROTOCOL.udp, 0, time)], time + 100);
      await flows.initiators.settle();
    }
    assert.deepEqual(client(flows), [['guessed', '10.244.1.5']]);
    assert.equal(rounds, 1);
    assert.deepEqual(flows.initiators.counts, { asked: 1, told: 0 });
  });

  it('are asked for in rounds of a bounded size, one at a time', async () => {
    const sizes: number[] = [];
    let running = 0;
    const flows = new TestFlows([VETH], {
      maxFlows: 2048,
      initiators: async (_, keys) => {
        running += 1;
        assert.equal(running, 1);
        await Promise.resolve();
        running -= 1;
        sizes.push(keys.length / KEY_BYTES);
        return new Uint8Array(keys.length / KEY_BYTES).fill(SIDE_NUMBER.high);
      },
    });
    const ports = Array.from({ length: 1200 }, (_, index) => 1000 + index);
    flows.tick(
      ports.map((port) => packet(port, IP_PROTOCOL.udp)),
      200,
    );
    await flows.initiators.settle();
    assert.deepEqual(sizes, [512, 512, 176]);
    flows.tick([], 300);
    assert.equal(flows.initiators.counts.told, 1200);
    assert.ok(client(flows).every((end) => (end as string[])[0] === 'certain'));
  });

  it('are not told of a flow that took the row of the one that was asked for', async () => {
    let answer: (sides: Uint8Array) => void = () => undefined;
    const flows = new TestFlows([VETH], {
      initiators: () => new Promise((resolve) => (answer = resolve)),
    });
    flows.tick([packet(1001, IP_PROTOCOL.udp)], 200);
    await Promise.resolve();
    flows.tick([], 200_000);
    flows.table.forgetEnded(flows.table.sequence);
    flows.tick([packet(1002, IP_PROTOCOL.udp, 0, 200_100)], 200_200);
    answer(Uint8Array.of(SIDE_NUMBER.high));
    await new Promise(setImmediate);
    flows.tick([], 200_300);
    assert.deepEqual(client(flows), [['guessed', '10.244.1.5']]);
  });
});
