import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';

import { addon, openCollector } from './addon.ts';
import type { Held, Way } from './holder.ts';
import { VethPair } from './vethPair.ts';

const holder = resolve(import.meta.dirname, 'holder.ts');

/** Whether the kernel still has an object. Asked by its id: a list fails when something else in it goes meanwhile. */
function exists(kind: 'link' | 'prog', id: number): boolean {
  const { status, stdout, stderr } = spawnSync('bpftool', ['-j', kind, 'show', 'id', String(id)], {
    encoding: 'utf8',
  });
  if (status === 0) return true;
  if (`${stdout}${stderr}`.includes('No such file or directory')) return false;
  throw new Error(`bpftool ${kind} show id ${id} ended with ${String(status)}: ${stdout}${stderr}`);
}

/** Which of our links and programs the kernel still has. */
function remaining(held: Held): { links: number[]; programs: number[] } {
  return {
    links: held.links.filter((id) => exists('link', id)),
    programs: held.programs.filter((id) => exists('prog', id)),
  };
}

/** The kernel frees programs after a grace period, which a loaded machine stretches to seconds. */
async function assertGone(held: Held): Promise<void> {
  assert.deepEqual(remaining(held).links, [], 'links remain');
  for (let tries = 0; tries < 400 && remaining(held).programs.length > 0; tries += 1) await setTimeout(50);
  assert.deepEqual(remaining(held), { links: [], programs: [] });
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('lifetime', function () {
  this.timeout(120_000);
  let pair: VethPair;

  before(() => {
    pair = new VethPair();
  });

  after(() => {
    pair.remove();
  });

  function openAll(): { held: Held; close: () => void } {
    const collector = openCollector();
    const watch = pair.left.netns.watch(() => {});
    const events = collector.events(() => {});
    const conntrack = pair.left.netns.watchConntrack('all');
    const attachments = [pair.left, pair.right].map((end) =>
      collector.attach(end.netns, end.ifindex, 'ingress'),
    );
    const held = {
      links: attachments.map(({ linkId }) => linkId),
      programs: attachments.map(({ programId }) => programId),
    };
    const close = (): void => {
      for (const attachment of attachments) attachment.close();
      for (const handle of [events, watch, conntrack, collector]) handle.close();
    };
    return { held, close };
  }

  async function startHolder(
    way: Way,
    ...options: string[]
  ): Promise<{ child: ChildProcess; lines: string[] }> {
    const child = spawn(
      process.execPath,
      [...options, holder, pair.left.path, String(pair.left.ifindex), way],
      {
        stdio: ['ignore', 'pipe', way === 'throw' ? 'ignore' : 'inherit'],
      },
    );
    assert(child.stdout);
    const lines: string[] = [];
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => lines.push(line));
    await once(reader, 'line');
    return { child, lines };
  }

  it('detaches on close, and closing twice is harmless', async () => {
    const { held, close } = openAll();
    assert.equal(remaining(held).links.length, 2);
    close();
    await assertGone(held);
    close();
  });

  it('detaches everything of a collector that closes', async () => {
    const before = addon.openHandles();
    const collector = openCollector();
    const attachment = collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    collector.events(() => {});
    const held = { links: [attachment.linkId], programs: [attachment.programId] };
    collector.close();
    await assertGone(held);
    assert.equal(addon.openHandles(), before);
    assert.throws(() => collector.points(), { message: 'This collector is closed', code: 'EBADF' });
    assert.throws(() => collector.drain(), { code: 'EBADF' });
    assert.throws(() => collector.attach(pair.left.netns, pair.left.ifindex, 'egress'), { code: 'EBADF' });
    attachment.close();
  });

  it('lets a point be attached again after its detach, and its counters go on', () => {
    const collector = openCollector();
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress').close();
    collector.attach(pair.left.netns, pair.left.ifindex, 'egress');
    assert.equal(collector.points().length, 1);
    collector.close();
  });

  it('resolves a drain under way when the collector closes', async () => {
    const collector = openCollector();
    const drained = collector.drain();
    await assert.rejects(async () => collector.drain(), { code: 'EBUSY' });
    collector.close();
    assert.equal((await drained).count, 0);
  });

  it('keeps descriptors and handles level over 30 open and close cycles', async () => {
    openAll().close();
    const [descriptors, handles] = [openDescriptors(), addon.openHandles()];
    for (let cycle = 0; cycle < 30; cycle += 1) openAll().close();
    for (let tries = 0; tries < 40 && openDescriptors() > descriptors; tries += 1) await setTimeout(50);
    assert.equal(openDescriptors(), descriptors);
    assert.equal(addon.openHandles(), handles);
  });

  it('detaches when handles are garbage-collected', async () => {
    const { child, lines } = await startHolder('collect', '--expose-gc');
    try {
      const held = JSON.parse(lines[0] ?? '') as Held;
      for (let tries = 0; tries < 100 && lines.length < 2; tries += 1) await setTimeout(50);
      assert.deepEqual(JSON.parse(lines[1] ?? ''), { open: 0 });
      await assertGone(held);
    } finally {
      child.kill('SIGKILL');
    }
  });

  it('detaches when the process is killed', async () => {
    const { child, lines } = await startHolder('wait');
    const exited = once(child, 'exit');
    const held = JSON.parse(lines[0] ?? '') as Held;
    const before = remaining(held);
    child.kill('SIGKILL');
    await exited;
    assert.equal(before.links.length, 2);
    await assertGone(held);
  });

  for (const way of ['return', 'exit', 'throw'] as const) {
    it(`does not keep a process alive that ends by ${way}`, async () => {
      const { child, lines } = await startHolder(way);
      if (child.exitCode === null) await once(child, 'exit');
      assert.equal(child.exitCode, way === 'throw' ? 1 : 0);
      assert.equal(child.signalCode, null);
      await assertGone(JSON.parse(lines[0] ?? '') as Held);
    });
  }

  for (const way of ['return', 'exit', 'throw', 'wait', 'drain'] as const) {
    it(`detaches when a worker ends by ${way === 'wait' || way === 'drain' ? `terminate during ${way}` : way}`, async () => {
      const before = addon.openHandles();
      const worker = new Worker(holder, {
        workerData: { path: pair.left.path, ifindex: pair.left.ifindex, way },
      });
      const failed = way === 'throw' ? once(worker, 'error') : undefined;
      const exited = new Promise((done) => worker.once('exit', done));
      const held = await new Promise<Held>((done) => worker.once('message', done));
      if (way === 'wait' || way === 'drain') {
        await setTimeout(20);
        await worker.terminate();
      }
      await failed;
      await exited;
      assert.equal(addon.openHandles(), before);
      await assertGone(held);
    });
  }
});
