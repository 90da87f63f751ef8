import assert from 'node:assert/strict';
import { socketRecords } from './socketTable.fixture.ts';
import { SocketWatch } from './socketWatch.ts';

const LISTENER = { protocol: 17, local: 'any4', localPort: 53, cgroup: 7, cookie: 1 };

function unexpected(message: string): never {
  throw new Error(message);
}

describe('sockets of namespaces', () => {
  it('are read when somebody asks and not again at once, and known since they were first seen', async () => {
    let [now, dumps, closed] = [1000, 0, 0];
    const handle = {
      sockets: () => Promise.resolve(Buffer.from(socketRecords(++dumps > 0 ? [LISTENER] : []))),
      close: () => (closed += 1),
    };
    const namespaces = { watched: () => undefined, open: () => handle };
    const watch = new SocketWatch(namespaces, unexpected, () => now);
    await watch.refreshNow();
    assert.equal(dumps, 0);
    watch.want(5);
    await watch.refreshNow();
    assert.deepEqual([dumps, closed, watch.version, watch.since(5, 1)], [1, 1, 1, 1000]);
    now = 1400;
    watch.want(5);
    watch.refresh(now);
    assert.equal(dumps, 1);
    now = 1600;
    watch.refresh(now);
    await watch.refreshNow();
    assert.deepEqual([dumps, watch.since(5, 1), watch.table(5)?.began], [2, 1000, 1600]);
    assert.equal(watch.since(5, 2), Infinity);
  });

  it('are forgotten with their namespace', async () => {
    const watch = new SocketWatch({ watched: () => undefined, open: () => null }, unexpected);
    watch.want(5);
    await watch.refreshNow();
    assert.equal(watch.table(5), null);
    assert.equal(watch.available, true);
  });

  it('are asked for again after what passes, and the table that is known stays', async () => {
    let now = 1000;
    const outcomes = [null, 'ENOBUFS', 'EINTR', 'EBUSY', null];
    const handle = {
      sockets: () => {
        const code = outcomes.shift() ?? null;
        if (code !== null) return Promise.reject(Object.assign(new Error('netlink'), { code }));
        return Promise.resolve(Buffer.from(socketRecords([LISTENER])));
      },
      close: () => {},
    };
    const watch = new SocketWatch({ watched: () => handle, open: () => null }, unexpected, () => now);
    watch.want(5);
    await watch.refreshNow();
    watch.want(5);
    for (let failed = 0; failed < 3; failed += 1) {
      await watch.refreshNow();
      assert.deepEqual([watch.table(5)?.began, watch.since(5, 1), watch.available], [1000, 1000, true]);
      const left = outcomes.length;
      watch.refresh(now);
      assert.equal(outcomes.length, left, 'not at once');
      now += 1000;
    }
    watch.refresh(now);
    await watch.refreshNow();
    assert.deepEqual([outcomes.length, watch.table(5)?.began, watch.since(5, 1)], [0, now, 1000]);
  });

  it('are not asked for again where the kernel does not list them, which is told once', async () => {
    const messages: string[] = [];
    const refused = Object.assign(new Error('netlink SOCK_DIAG_BY_FAMILY'), { code: 'ENOENT' });
    const handle = { sockets: () => Promise.reject(refused), close: () => {} };
    const watch = new SocketWatch({ watched: () => handle, open: () => null }, (text) => messages.push(text));
    for (const inode of [5, 5, 6]) {
      watch.want(inode);
      await watch.refreshNow();
    }
    assert.deepEqual(messages, ['owners of sockets are not known: netlink SOCK_DIAG_BY_FAMILY (ENOENT)']);
    assert.equal(watch.available, false);
  });
});
