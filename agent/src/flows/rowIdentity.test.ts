import assert from 'node:assert/strict';
import type { Pod } from '../../../src/model/inventory.ts';
import { IP_PROTOCOL, TCP_FLAG } from '../collector/flowLayout.ts';
import { flowJson } from './flowJson.ts';
import { BOOT, TestFlows } from './flowTable.fixture.ts';

const [CLIENT, REUSED] = ['10.244.1.5', '10.244.2.9'];
const SECOND = 1000;

function pod(uid: string, ip: string, startedAt: number): Pod {
  return {
    kind: 'Pod',
    metadata: { name: 'web-0', namespace: 'shop', uid },
    spec: { nodeName: 'node-b', containers: [{ name: 'main' }] },
    status: { phase: 'Running', podIPs: [{ ip }], startTime: new Date(BOOT + startedAt).toISOString() },
  };
}

describe('RowIdentity', () => {
  it('names a flow anew when it is told that its address had gone to another pod by then', () => {
    const flows = new TestFlows([{ ifindex: 2, name: 'eth0', role: 'uplink' }]);
    const push = (now: number, upserts: Pod[], deletedUids: string[] = []): void =>
      flows.inventory.update({ reset: false, upserts, deletedUids }, BOOT + now);
    const connect = (fromPort: number, time: number): void => {
      const ends = { from: CLIENT, fromPort, to: REUSED, toPort: 80, protocol: IP_PROTOCOL.tcp, netns: 1 };
      flows.tick(
        [{ ...ends, ifindex: 2, egress: true, bytes: 60, tcpFlags: TCP_FLAG.syn, time }],
        time + 500,
      );
      flows.identity.nameAgain(flows.inventory.takeChangedAddresses(), BOOT + time + 500);
    };
    const server = (port: number): { uid: string | null; candidates: readonly string[] } => {
      const found = flows.rows().map((row) => flowJson(flows.table, row, 's'));
      const { uid, candidates } = found.find(({ client }) => client.port === port)?.server ?? assert.fail();
      return { uid, candidates };
    };
    push(0, [pod('uid-old', REUSED, 0)]);
    connect(4000, 60 * SECOND);
    // The old pod is gone and the new one has its address: nothing of that is told yet.
    connect(5000, 100 * SECOND);
    assert.equal(server(5000).uid, 'uid-old');
    push(101 * SECOND, [pod('uid-new', REUSED, 99 * SECOND)], ['uid-old']);
    connect(5001, 102 * SECOND);
    assert.deepEqual(server(5000), { uid: null, candidates: ['shop/web-0', 'shop/web-0'] });
    assert.equal(server(5001).uid, 'uid-new');
    assert.equal(server(4000).uid, 'uid-old');
  });
});
