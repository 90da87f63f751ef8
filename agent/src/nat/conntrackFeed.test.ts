import assert from 'node:assert/strict';
import type { NetworkNamespace } from '../../native/index.d.ts';
import { ConntrackFeed } from './conntrackFeed.ts';

const INDICES = [{ netnsInode: 7, netnsIndex: 1 }];

/** A namespace whose listings end as told; what no real one does on demand. */
class Namespace {
  readonly inode = 7;
  readonly path = '/run/netns/seven';
  closed = 0;
  readonly #listings: (() => Promise<Buffer>)[];

  constructor(...listings: (() => Promise<Buffer>)[]) {
    this.#listings = listings;
  }

  watchConntrack(): unknown {
    return { take: () => ({ records: Buffer.alloc(0), overruns: 0 }), close: () => (this.closed += 1) };
  }

  conntrack(): Promise<Buffer> {
    const listing = this.#listings.shift();
    assert.ok(listing, 'it is listed once more than expected');
    return listing();
  }
}

function failing(code: string): () => Promise<Buffer> {
  return () => Promise.reject(Object.assign(new Error(`netlink: ${code}`), { code }));
}

async function follow(namespace: Namespace): Promise<{ feed: ConntrackFeed; told: string[] }> {
  const told: string[] = [];
  const feed = new ConntrackFeed((message) => told.push(message));
  feed.follow([namespace as unknown as NetworkNamespace]);
  await settled();
  return { feed, told };
}

/** Promises that are done are heard. */
function settled(): Promise<void> {
  return new Promise((done) => setImmediate(done));
}

describe('feed of connections whose namespace cannot be listed', () => {
  for (const [how, listing] of [
    ['at once', () => assert.fail('netlink: closed')],
    ['later', failing('EPERM')],
  ] as const) {
    it(`says so and lets go of it: ${how}`, async () => {
      const namespace = new Namespace(listing);
      const { feed, told } = await follow(namespace);
      assert.equal(told.length, 1);
      assert.match(told[0] ?? '', /^addresses before and after NAT are not joined in .*seven: .*netlink/);
      assert.deepEqual([feed.available, namespace.closed], [false, 1]);
      assert.deepEqual(feed.take(1000, INDICES), []);
      feed.close();
      assert.equal(namespace.closed, 1);
    });
  }

  it('lists it again after what passes, and takes its events meanwhile', async () => {
    const namespace = new Namespace(failing('ENOBUFS'), failing('EINTR'), () =>
      Promise.resolve(Buffer.alloc(0)),
    );
    const { feed, told } = await follow(namespace);
    const whole: boolean[][] = [];
    for (let now = 1000; now <= 3000; now += 1000) {
      whole.push(feed.take(now, INDICES).map(({ isWhole }) => isWhole));
      await settled();
    }
    assert.deepEqual(whole, [[false], [false], [true, false]]);
    assert.deepEqual([told, feed.available, namespace.closed], [[], true, 0]);
    feed.close();
  });
});
