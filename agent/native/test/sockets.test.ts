/** The dump of a namespace's sockets, against what ss prints. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { addressText } from '../../src/identity/address.ts';
import { SOCKET, SOCKET_BYTES } from '../../src/sockets/socketLayout.ts';
import { cgroupMount } from '../../../test/lab/cgroups.ts';
import { addon } from './addon.ts';
import type { End } from './vethPair.ts';
import { run, VethPair } from './vethPair.ts';

/** Opens sockets of every kind and keeps them: the arguments are its own and the other end's addresses and interface. */
const HOLDER = `
const { createServer, connect } = require('node:net');
const { createSocket } = require('node:dgram');
const [, own4, own6] = process.argv;
const listen = (port, host, more) => new Promise((done) => {
  const server = createServer(() => {});
  server.listen({ port, host, ...more }, () => done(server));
});
const bind = (type, port, host, more) => new Promise((done) => {
  const socket = createSocket({ type, ...more });
  socket.bind(port, host, () => done(socket));
});
(async () => {
  await listen(7001, '0.0.0.0');
  await listen(7002, '::');
  await listen(7003, '::', { ipv6Only: true });
  await listen(7004, own4);
  await listen(7005, own6);
  await bind('udp4', 7006);
  await bind('udp6', 7007);
  await bind('udp6', 7008, '::', { ipv6Only: true });
  const connected = await bind('udp4', 7009, own4);
  await new Promise((done) => connected.connect(7006, own4, done));
  for (const [port, host] of [[7001, own4], [7002, own4], [7002, own6], [7005, own6]]) {
    await new Promise((done) => connect({ port, host }, done));
  }
  console.log('ready');
})();
setInterval(() => {}, 1000);`;

interface Line {
  readonly protocol: string;
  readonly state: string;
  readonly local: string;
  readonly remote: string;
  readonly inode: number;
  readonly cookie: string;
  readonly cgroup: string | null;
  readonly ipv6Only: boolean;
}

/** As ss names them, by number of linux/tcp.h; 7 is UNCONN with UDP. */
const STATES = ['', 'ESTAB', 'SYN-SENT', 'SYN-RECV', 'FIN-WAIT-1', 'FIN-WAIT-2', 'TIME-WAIT', 'UNCONN'];

function stateName(state: number): string {
  return state === 10 ? 'LISTEN' : (STATES[state] ?? String(state));
}

function listedBySs(end: End): Line[] {
  // "ip netns exec" would hide the cgroups from it.
  return run('nsenter', `--net=${end.path}`, 'ss', '-H', '-n', '-t', '-u', '-a', '-e', '--cgroup')
    .trim()
    .split('\n')
    .map((line) => {
      const [protocol = '', state = '', , , local = '', remote = ''] = line.split(/\s+/);
      return {
        protocol,
        state,
        local: plain(local),
        remote: plain(remote),
        inode: Number(/\bino:(\d+)/.exec(line)?.[1] ?? 0),
        cookie: /\bsk:([0-9a-f]+)/.exec(line)?.[1] ?? '',
        cgroup: /\bcgroup:(\S+)/.exec(line)?.[1] ?? null,
        ipv6Only: /\bv6only:1/.test(line),
      };
    });
}

/** `[::ffff:10.0.0.1]:80`, `*:80` and `0.0.0.0%eth0:80` as `address port`. */
function plain(text: string): string {
  const colon = text.lastIndexOf(':');
  const address = text
    .slice(0, colon)
    .replace(/^\[|\]$/g, '')
    .replace(/%.*$/, '')
    .replace(/^::ffff:/, '');
  const port = text.slice(colon + 1).replace('*', '0');
  return `${address === '*' ? '::' : address} ${port}`;
}

describe('sockets of a namespace', function () {
  this.timeout(20_000);
  let pair: VethPair;
  let holder: ChildProcess;
  let cgroup: string;

  before(async () => {
    pair = new VethPair();
    cgroup = join(cgroupMount(), `${pair.left.name}-sockets`);
    mkdirSync(cgroup);
    const { left } = pair;
    const enter = 'echo $$ >"$0/cgroup.procs" && exec ip netns exec "$@"';
    holder = spawn(
      'sh',
      ['-c', enter, cgroup, left.name, process.execPath, '-e', HOLDER, left.ipv4, left.ipv6],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    assert.ok(holder.stdout);
    await once(holder.stdout, 'data');
  });

  after(async () => {
    if (holder.exitCode === null) {
      writeFileSync(join(cgroup, 'cgroup.kill'), '1');
      await once(holder, 'exit');
    }
    for (let tries = 0; ; tries += 1) {
      try {
        rmdirSync(cgroup);
        break;
      } catch (error) {
        if (tries > 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
    pair.remove();
  });

  it('has what ss has, with the cgroup of each', async () => {
    assert.equal(addon.layout.socketBytes, SOCKET_BYTES);
    const buffer = await pair.left.netns.sockets();
    const expected = listedBySs(pair.left);
    const cgroupId = statSync(cgroup).ino;
    const cgroupPath = cgroup.slice(cgroupMount().length);
    const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
    const found: Line[] = [];
    for (let at = 0; at < buffer.length; at += SOCKET_BYTES) {
      const id = Number(view.getBigUint64(at + SOCKET.cgroup, true));
      const end = (address: number, port: number): string =>
        `${addressText(view, at + address)} ${view.getUint16(at + port, true)}`;
      found.push({
        protocol: view.getUint8(at + SOCKET.protocol) === 6 ? 'tcp' : 'udp',
        state: stateName(view.getUint8(at + SOCKET.state)),
        local: end(SOCKET.localAddress, SOCKET.localPort),
        remote: end(SOCKET.remoteAddress, SOCKET.remotePort),
        inode: view.getUint32(at + SOCKET.inode, true),
        cookie: view.getBigUint64(at + SOCKET.cookie, true).toString(16),
        cgroup: id === cgroupId ? cgroupPath : id === 0 ? null : String(id),
        ipv6Only: view.getUint8(at + SOCKET.ipv6Only) === 1,
      });
    }
    const order = (a: Line, b: Line): number => (a.cookie < b.cookie ? -1 : 1);
    // ss prints "any" of a socket that takes both families and of one that takes IPv6 alone alike.
    assert.deepEqual(found.sort(order), expected.sort(order));
    assert.equal(found.filter(({ state }) => state === 'LISTEN').length, 5);
    assert.equal(found.filter(({ protocol, state }) => protocol === 'tcp' && state === 'ESTAB').length, 8);
    assert.equal(found.filter(({ protocol }) => protocol === 'udp').length, 4);
  });

  it('ends well when the handle is closed meanwhile, and says that it is closed', async () => {
    const netns = new addon.NetworkNamespace(pair.left.path);
    const dump = netns.sockets();
    netns.close();
    assert.ok((await dump).length > 0);
    assert.throws(() => netns.sockets(), { code: 'EBADF' });
  });
});
