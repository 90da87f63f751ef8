import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { once } from 'node:events';
import { SocketHolders } from './socketHolder.ts';
import { skipWithout } from '../skip.fixture.ts';

/** Of no socket. */
const UNHELD = 4_294_967_295;

/** Inodes of this process's own sockets. */
function ownSockets(): Set<number> {
  return new Set(
    readdirSync('/proc/self/fd').flatMap((file) => {
      try {
        const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/self/fd/${file}`))?.[1];
        return inode === undefined ? [] : [Number(inode)];
      } catch {
        // The folder's own descriptor is closed by now.
        return [];
      }
    }),
  );
}

describe('holder of a socket', function () {
  let server: Server;
  let inode: number;

  before(async function () {
    if (process.platform !== 'linux') skipWithout(this, 'Linux');
    const before = ownSockets();
    server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const [own] = [...ownSockets()].filter((socket) => !before.has(socket));
    inode = own ?? 0;
  });

  after(() => server.close());

  it('is the process that has it open, and none asks twice', () => {
    const holders = new SocketHolders();
    const command = readFileSync('/proc/self/comm', 'utf8').trim();
    assert.deepEqual(holders.find(inode, 1, [process.pid]), { pid: process.pid, command });
    assert.deepEqual(holders.find(inode, 1, []), { pid: process.pid, command });
  });

  it('is not found out for what has no file, nor beyond the time of an interval', () => {
    const holders = new SocketHolders();
    assert.equal(holders.find(0, 2, [process.pid]), undefined);
    for (let cookie = 10; cookie < 1000; cookie += 1) holders.find(UNHELD, cookie, []);
    assert.equal(holders.find(inode, 3, [process.pid]), undefined);
    holders.refill();
    assert.equal(holders.find(inode, 3, [process.pid])?.pid, process.pid);
  });

  it('is found by looks that go on where the last one ran out of time', () => {
    const others = readdirSync('/proc').map(Number);
    const before = others.filter((pid) => Number.isInteger(pid) && pid !== process.pid).slice(0, 5);
    // Time for one process an interval.
    const holders = new SocketHolders(1e-6, () => [...before, process.pid]);
    assert.equal(holders.find(inode, 4, []), undefined);
    let intervals = 0;
    while (holders.version === 0 && intervals <= before.length) {
      holders.refill();
      intervals += 1;
    }
    assert.equal(holders.version, 1);
    // The first look may have had time for one, too.
    assert.ok(intervals >= before.length, `${intervals} intervals`);
    assert.equal(holders.find(inode, 4, [])?.pid, process.pid);
  });

  it('is nobody when every process was asked', () => {
    const holders = new SocketHolders(Infinity, () => [process.pid, process.ppid]);
    const before = Date.now();
    const found = holders.find(UNHELD, 5, []);
    assert.ok(found?.pid === null && found.at >= before && found.at <= Date.now());
  });
});
