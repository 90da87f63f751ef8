import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';

import type { ConntrackBatch } from '../../src/nat/conntrackFeed.ts';
import { ConntrackFeed } from '../../src/nat/conntrackFeed.ts';
import { addon } from './addon.ts';
import { entriesOf, listedByConntrack } from './conntrackTable.ts';
import { datagrams } from './traffic.ts';
import { VethPair } from './vethPair.ts';

const INDEX = 3;

describe('feed of translated connections', function () {
  this.timeout(60_000);
  let pair: VethPair;
  let told: string[];

  before(() => {
    pair = new VethPair();
    const source = ['-j', 'SNAT', '--to-source', `${pair.left.ipv4}:5000-5999`];
    pair.left.run('iptables', '-t', 'nat', '-A', 'POSTROUTING', '-p', 'udp', ...source);
  });

  beforeEach(() => {
    told = [];
  });

  after(() => {
    pair.remove();
  });

  function take(feed: ConntrackFeed): ConntrackBatch[] {
    return feed.take(Date.now(), [{ netnsInode: pair.left.netns.inode, netnsIndex: INDEX }]);
  }

  /** What comes with the next listing, and before it. */
  async function untilWhole(feed: ConntrackFeed): Promise<ConntrackBatch[]> {
    const all: ConntrackBatch[] = [];
    for (let tries = 0; tries < 200; tries += 1) {
      all.push(...take(feed));
      if (all.some(({ isWhole }) => isWhole)) return all;
      await setTimeout(20);
    }
    throw new Error('the table was never listed');
  }

  function listed(batches: readonly ConntrackBatch[]): number[] {
    const whole = batches.find(({ isWhole }) => isWhole);
    return entriesOf(Buffer.from(whole?.records ?? []))
      .map(({ id }) => id)
      .sort((a, b) => a - b);
  }

  function expected(): number[] {
    return listedByConntrack(pair.left).map(({ id }) => id);
  }

  it('begins with the connections that are there, and goes on with those that are made', async () => {
    datagrams(pair.left, pair.right.ipv4, 9000, 1, 10);
    const feed = new ConntrackFeed((message) => told.push(message));
    try {
      feed.follow([pair.left.netns]);
      assert.deepEqual(listed(await untilWhole(feed)), expected());
      assert.equal(feed.available, true);
      const before = Date.now();
      datagrams(pair.left, pair.right.ipv4, 9001, 1, 10);
      const [batch, ...more] = take(feed);
      assert.deepEqual(more, []);
      assert.equal(batch?.netns, INDEX);
      assert.ok(batch.since > 0 && batch.since <= before);
      assert.deepEqual(
        entriesOf(Buffer.from(batch.records)).map(({ kind }) => kind),
        ['created'],
      );
    } finally {
      feed.close();
    }
    assert.deepEqual(told, []);
  });

  it('lists again after the kernel dropped events, so that every connection is known', async () => {
    const feed = new ConntrackFeed((message) => told.push(message), { receiveBytes: 4096, records: 1 });
    try {
      feed.follow([pair.left.netns]);
      await untilWhole(feed);
      for (let port = 21_000; port < 21_040; port += 1) datagrams(pair.left, pair.right.ipv4, port, 1, 10);
      const batches = await untilWhole(feed);
      assert.ok(feed.overruns > 0);
      const ids = expected();
      assert.ok(ids.length >= 40);
      assert.deepEqual(listed(batches), ids);
    } finally {
      feed.close();
    }
    assert.deepEqual(told, []);
  });

  it('says in a sentence where connections cannot be followed, and follows the rest', () => {
    const closed = new addon.NetworkNamespace(pair.left.path);
    closed.close();
    const feed = new ConntrackFeed((message) => told.push(message));
    try {
      feed.follow([closed, pair.left.netns]);
      assert.equal(feed.available, false);
      assert.match(told.join('\n'), /^addresses before and after NAT are not joined in .*closed$/);
    } finally {
      feed.close();
    }
  });
});
