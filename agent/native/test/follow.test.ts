import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

import type { Collector, FollowedChange, InterfaceFollower, NetworkNamespace } from '../index.d.ts';
import { addon, openCollector } from './addon.ts';
import { linksByInterface } from './tcxLinks.ts';
import { run } from './vethPair.ts';

const PATIENCE = 10_000;

/** A follower with all that it told. */
class Following {
  readonly changes: FollowedChange[] = [];
  readonly follower: InterfaceFollower;

  constructor(collector: Collector, netns: NetworkNamespace, names: readonly string[] = []) {
    this.follower = collector.follow(netns, names, () => {
      this.take();
    });
  }

  take(): void {
    this.changes.push(...this.follower.take());
  }

  of<K extends FollowedChange['kind']>(kind: K): Extract<FollowedChange, { kind: K }>[] {
    return this.changes.filter(
      (change): change is Extract<FollowedChange, { kind: K }> => change.kind === kind,
    );
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    const end = Date.now() + PATIENCE;
    while (!holds()) {
      await setTimeout(10);
      if (Date.now() > end) throw new Error(`waited in vain for ${what}: ${JSON.stringify(this.changes)}`);
    }
  }

  ready(): Promise<void> {
    return this.until('ready', () => this.of('ready').length === 1);
  }
}

describe('following', function () {
  this.timeout(60_000);
  let name: string;
  let other: string;
  let netns: NetworkNamespace;
  let collector: Collector;

  beforeEach(() => {
    const id = `vf${process.pid.toString(36)}${randomBytes(3).toString('hex')}`;
    [name, other] = [`${id}a`, `${id}b`];
    for (const one of [name, other]) run('ip', 'netns', 'add', one);
    netns = new addon.NetworkNamespace(`/run/netns/${name}`);
    collector = openCollector();
  });

  afterEach(() => {
    collector.close();
    netns.close();
    for (const one of [name, other]) run('ip', 'netns', 'delete', one);
  });

  function batch(...lines: string[]): void {
    execFileSync('ip', ['-n', name, '-batch', '-'], { input: `${lines.join('\n')}\n`, stdio: 'pipe' });
  }

  /** Host ends have these indexes; the other ends are in the other namespace. */
  function make(...indexes: number[]): void {
    batch(...indexes.map((i) => `link add v${i} index ${i} type veth peer name p${i} netns ${other}`));
  }

  function both(...indexes: number[]): Map<number, number> {
    return new Map(indexes.map((ifindex) => [ifindex, 2]));
  }

  function links(): Map<number, number> {
    return new Map([...linksByInterface()].sort(([a], [b]) => a - b));
  }

  it('attaches both directions to what is there, and tells of each before and after', async () => {
    make(101, 102);
    const following = new Following(collector, netns);
    await following.ready();
    assert.deepEqual(links(), both(1, 101, 102));
    assert.deepEqual(
      following
        .of('attached')
        .map(({ ifindex }) => ifindex)
        .sort(),
      [1, 101, 102],
    );
    for (const { ifindex, index, time } of following.of('attached')) {
      const found = following.of('found').find((one) => one.ifindex === ifindex);
      assert.equal(found?.index, index);
      assert(Math.abs(time - Date.now()) < PATIENCE);
    }
    assert.equal(following.changes.at(-1)?.kind, 'ready');
    assert.equal(following.of('found').find(({ ifindex }) => ifindex === 101)?.name, 'v101');
    assert.equal(following.follower.programIds.length, 2);
  });

  it('attaches to what comes while JavaScript does something else', async () => {
    const following = new Following(collector, netns);
    await following.ready();
    const indexes = Array.from({ length: 10 }, (_, i) => 200 + i);
    make(...indexes);
    // Nothing of ours runs from here on but the addon's threads.
    const end = Date.now() + PATIENCE;
    const wait = new Int32Array(new SharedArrayBuffer(4));
    while ([...links().values()].length < 11 || [...links().values()].some((count) => count !== 2)) {
      assert(Date.now() < end, JSON.stringify([...links()]));
      Atomics.wait(wait, 0, 0, 20);
    }
    assert.equal(following.of('found').length, 1, 'JavaScript was not to be told yet');
    await following.until('all', () => following.of('attached').length === 11);
    assert.deepEqual(links(), both(1, ...indexes));
  });

  it('lets go of what goes, and keeps no descriptor of it', async () => {
    make(101);
    const following = new Following(collector, netns);
    await following.ready();
    const descriptors = readdirSync('/proc/self/fd').length;
    const indexes = Array.from({ length: 10 }, (_, i) => 300 + i);
    make(...indexes);
    await following.until('all', () => following.of('attached').length === 12);
    batch(...indexes.map((i) => `link del v${i}`));
    await following.until('their release', () => following.of('released').length === 10);
    await following.until('no link without its device', () => links().get(0) === undefined);
    assert.deepEqual(links(), both(1, 101));
    assert.equal(readdirSync('/proc/self/fd').length, descriptors);
  });

  it('takes a device that has the ifindex of one that is gone for another one', async () => {
    const following = new Following(collector, netns);
    await following.ready();
    for (let round = 0; round < 20; round += 1) {
      make(500);
      batch('link del v500');
    }
    make(500);
    await following.until('the last one', () => links().get(500) === 2 && links().get(0) === undefined);
    await following.until('its word', () => following.changes.at(-1)?.kind === 'attached');
    const indexes = following.of('found').flatMap(({ ifindex, index }) => (ifindex === 500 ? [index] : []));
    assert.equal(new Set(indexes).size, indexes.length);
    assert.deepEqual(
      following.of('refused').filter(({ error }) => error.code !== 'ENODEV'),
      [],
    );
    assert.deepEqual(links(), both(1, 500));
  });

  it('keeps what is renamed', async () => {
    make(101);
    const following = new Following(collector, netns);
    await following.ready();
    const before = following.changes.length;
    batch('link set v101 name other');
    make(102);
    await following.until('the next one', () => following.of('attached').length === 3);
    assert.deepEqual(
      following.changes.slice(before).map((change) => 'ifindex' in change && change.ifindex),
      [102, 102],
    );
  });

  it('lets go of what moves to another namespace', async () => {
    batch('link add v101 index 101 type veth peer name p101');
    const following = new Following(collector, netns);
    await following.ready();
    batch(`link set v101 netns ${other}`);
    await following.until('its release', () => following.of('released').length === 1);
    await following.until('no link on it', () => links().size === 2);
    assert(!links().has(101));
  });

  it('follows only the names that are wanted', async () => {
    make(101, 102);
    const following = new Following(collector, netns, ['v102', 'later']);
    await following.ready();
    batch('link set v101 name later');
    await following.until('the renamed one', () => following.of('attached').length === 2);
    assert.deepEqual(links(), both(101, 102));
  });

  it('says what it could not attach to, and leaves no half of it', async () => {
    make(101);
    collector.attach(netns, 101, 'egress');
    const following = new Following(collector, netns);
    await following.ready();
    const [refused] = following.of('refused');
    assert.equal(refused?.ifindex, 101);
    const { code, call, interface: device, netns: path, message } = refused.error;
    assert.deepEqual([code, call, device, path], ['EEXIST', 'attach', 'v101', `/run/netns/${name}`]);
    assert.match(message, /every packet would count twice/);
    assert.deepEqual(
      links(),
      new Map([
        [1, 2],
        [101, 1],
      ]),
    );
  });

  it('detaches in the background, also what it is attaching', async () => {
    const following = new Following(collector, netns);
    await following.ready();
    make(...Array.from({ length: 10 }, (_, i) => 600 + i));
    await following.until('the first of them', () => following.of('found').length > 1);
    const begin = performance.now();
    following.follower.detach();
    const asked = performance.now() - begin;
    await following.until('the end', () => following.of('detached').length === 1);
    assert(asked < performance.now() - begin);
    assert.deepEqual(links(), new Map());
    following.follower.detach();
    make(700);
    following.follower.close();
    assert.deepEqual(links(), new Map());
  });

  it('can be closed while it attaches, with everything of it', async () => {
    const handles = addon.openHandles();
    for (let round = 0; round < 10; round += 1) {
      const following = new Following(collector, netns);
      make(...Array.from({ length: 5 }, (_, i) => 800 + round * 10 + i));
      await setTimeout(round * 5);
      if (round % 2 === 0) following.follower.close();
      else {
        collector.close();
        collector = openCollector();
      }
      assert.deepEqual(links(), new Map());
      assert.equal(addon.openHandles(), handles);
      following.follower.close();
      following.take();
    }
  });

  it('goes on when the handle of the namespace is closed', async () => {
    const handle = new addon.NetworkNamespace(`/run/netns/${name}`);
    const following = new Following(collector, handle);
    handle.close();
    await following.ready();
    make(101);
    await following.until('what comes', () => following.of('attached').length === 2);
    assert.deepEqual(links(), both(1, 101));
  });

  it('attaches by clsact, too, and leaves no filter', async () => {
    collector.close();
    collector = openCollector({ attach: 'clsact' });
    const following = new Following(collector, netns);
    await following.ready();
    const indexes = [901, 902, 903];
    make(...indexes);
    await following.until('all', () => following.of('attached').length === 4);
    const filters = (ifindex: number, side: string): string =>
      run('tc', '-n', name, 'filter', 'show', 'dev', `v${ifindex}`, side);
    for (const side of ['ingress', 'egress']) assert.match(filters(901, side), /vethscope/);
    batch('link del v902');
    make(902);
    await following.until('the one in its place', () => following.of('attached').length === 5);
    for (const side of ['ingress', 'egress']) assert.match(filters(902, side), /vethscope/);
    following.follower.detach();
    await following.until('the end', () => following.of('detached').length === 1);
    for (const ifindex of indexes) {
      for (const side of ['ingress', 'egress']) assert.equal(filters(ifindex, side), '');
    }
    assert.deepEqual(following.of('stays'), []);
  });
});
