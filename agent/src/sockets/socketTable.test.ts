import assert from 'node:assert/strict';
import { viewOf } from '../collector/flowLayout.ts';
import { keyOf } from '../collector/flowKey.fixture.ts';
import { SOCKET_STATE } from './socketLayout.ts';
import type { TestSocket } from './socketTable.fixture.ts';
import { socketRecords } from './socketTable.fixture.ts';
import type { KeyEnd } from './socketTable.ts';
import { SocketTable } from './socketTable.ts';

const [TCP, UDP] = [6, 17];

function tableOf(...sockets: TestSocket[]): SocketTable {
  return new SocketTable(socketRecords(sockets), 0, 0);
}

/** The first end of a conversation. */
function end(protocol: number, own: string, ownPort: number, other = '10.0.0.9', otherPort = 4000): KeyEnd {
  const { key, fromHigh } = keyOf({
    ...{ from: own, fromPort: ownPort, to: other, toPort: otherPort, protocol },
    netns: 1,
  });
  return { view: viewOf(key), offset: 0, high: fromHigh };
}

const bound = (table: SocketTable, at: KeyEnd): number[] =>
  table
    .bound(at)
    .map(({ cgroup }) => cgroup)
    .sort();

describe('table of sockets', () => {
  it('finds a connection by its whole tuple, from either side', () => {
    const table = tableOf(
      { protocol: TCP, local: '10.0.0.1', localPort: 80, remote: '10.0.0.9', remotePort: 4000, cgroup: 7 },
      { protocol: TCP, local: '10.0.0.9', localPort: 4000, remote: '10.0.0.1', remotePort: 80, cgroup: 8 },
      { protocol: TCP, local: 'fd00::1', localPort: 80, remote: 'fd00::9', remotePort: 4000, cgroup: 9 },
      { protocol: UDP, local: '10.0.0.1', localPort: 80, remote: '10.0.0.9', remotePort: 4000, cgroup: 10 },
    );
    assert.equal(table.connected(end(TCP, '10.0.0.1', 80))?.cgroup, 7);
    assert.equal(table.connected(end(TCP, '10.0.0.9', 4000, '10.0.0.1', 80))?.cgroup, 8);
    assert.equal(table.connected(end(TCP, 'fd00::1', 80, 'fd00::9'))?.cgroup, 9);
    assert.equal(table.connected(end(UDP, '10.0.0.1', 80))?.cgroup, 10);
    assert.equal(table.connected(end(TCP, '10.0.0.1', 80, '10.0.0.9', 4001)), null);
    assert.equal(table.connected(end(TCP, '10.0.0.2', 80)), null);
  });

  it('takes nothing for an owner that waits for its last packets', () => {
    const waiting = { protocol: TCP, local: '10.0.0.1', localPort: 80, remote: '10.0.0.9', remotePort: 4000 };
    const table = tableOf({ ...waiting, cgroup: 0, state: SOCKET_STATE.timeWait });
    assert.equal(table.connected(end(TCP, '10.0.0.1', 80)), null);
    assert.deepEqual(table.bound(end(TCP, '10.0.0.1', 80)), []);
  });

  it('prefers who is bound to the address, then who takes the family alone', () => {
    const any = { protocol: TCP, localPort: 80 };
    const both = { ...any, local: 'any6', cgroup: 1 };
    const only6 = { ...any, local: 'any6', ipv6Only: true, cgroup: 2 };
    const only4 = { ...any, local: 'any4', cgroup: 3 };
    const exact = { ...any, local: '10.0.0.1', cgroup: 4 };
    assert.deepEqual(bound(tableOf(both), end(TCP, '10.0.0.1', 80)), [1]);
    assert.deepEqual(bound(tableOf(both, only4), end(TCP, '10.0.0.1', 80)), [3]);
    assert.deepEqual(bound(tableOf(both, only4, exact), end(TCP, '10.0.0.1', 80)), [4]);
    assert.deepEqual(bound(tableOf(both, only4, exact), end(TCP, '10.0.0.2', 80)), [3]);
    assert.deepEqual(bound(tableOf(only6), end(TCP, '10.0.0.1', 80)), []);
    assert.deepEqual(bound(tableOf(only6, only4), end(TCP, 'fd00::1', 80, 'fd00::9')), [2]);
    assert.deepEqual(bound(tableOf(exact), end(UDP, '10.0.0.1', 80)), []);
    assert.deepEqual(bound(tableOf(exact), end(TCP, '10.0.0.1', 81)), []);
  });

  it('gives all who share a port, and who is bound to an interface beside the rest', () => {
    const any = { protocol: UDP, local: 'any4', localPort: 53 };
    const table = tableOf({ ...any, cgroup: 1 }, { ...any, cgroup: 2 }, { ...any, cgroup: 3, interface: 5 });
    assert.deepEqual(bound(table, end(UDP, '10.0.0.1', 53)), [1, 2, 3]);
    assert.deepEqual([...table.boundCookies()], [1, 2, 3]);
  });

  it('finds each of many', () => {
    const sockets: TestSocket[] = [];
    for (let port = 1; port <= 5000; port += 1) {
      const remote = `10.1.${port >> 8}.${port & 255}`;
      sockets.push({
        protocol: TCP,
        local: '10.0.0.1',
        localPort: 443,
        remote,
        remotePort: port,
        cgroup: port,
      });
    }
    const table = tableOf(...sockets);
    assert.equal(table.size, 5000);
    for (const { remote = '', remotePort, cgroup } of sockets) {
      assert.equal(table.connected(end(TCP, '10.0.0.1', 443, remote, remotePort))?.cgroup, cgroup);
    }
  });
});
