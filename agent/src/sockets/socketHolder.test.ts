import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Server } from 'node:net';
import { once } from 'node:events';
import { SocketHolders } from './socketHolder.ts';

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
    if (process.platform !== 'linux') this.skip();
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
    for (let cookie = 10; cookie < 1000; cookie += 1) holders.find(4_294_967_295, cookie, []);
    assert.equal(holders.find(inode, 3, [process.pid]), undefined);
    holders.refill();
    assert.equal(holders.find(inode, 3, [process.pid])?.pid, process.pid);
  });
});
