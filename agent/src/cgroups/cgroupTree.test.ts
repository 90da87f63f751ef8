import assert from 'node:assert/strict';
import { existsSync, mkdirSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { mountPoints } from '../mountInfo.ts';
import { findCgroupMount } from './cgroupMount.ts';
import { CgroupTree } from './cgroupTree.ts';
import { skipWithout } from '../skip.fixture.ts';

describe('cgroups of the node', () => {
  it('finds the mount where /proc/1/mountinfo says it is', () => {
    const text = [
      '30 25 0:26 / /sys/fs/cgroup ro,nosuid - tmpfs tmpfs ro,mode=755',
      '31 30 0:27 / /sys/fs/cgroup/unified rw,nosuid shared:10 - cgroup2 cgroup2 rw,nsdelegate',
      '32 30 0:28 / /sys/fs/cgroup/my\\040own rw - cgroup2 none rw',
      '33 30 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu',
      '',
    ].join('\n');
    assert.deepEqual(mountPoints(text, 'cgroup2'), ['/sys/fs/cgroup/unified', '/sys/fs/cgroup/my own']);
  });

  it('knows a group by its id, also when it is gone, and none of a tree that it cannot see', function () {
    const mount = findCgroupMount();
    if (mount === null || process.getuid?.() !== 0) skipWithout(this, 'cgroup v2 for root');
    const folder = join(mount, `vt${process.pid.toString(36)}${Date.now().toString(36)}`);
    const tree = new CgroupTree(mount);
    mkdirSync(folder);
    try {
      const name = folder.slice(mount.length);
      const id = statSync(folder).ino;
      assert.equal(tree.path(statSync(mount).ino), '/');
      assert.equal(tree.path(id), undefined);
      tree.refresh(Date.now());
      assert.equal(tree.path(id), name);
      assert.deepEqual(tree.processes(id), []);
      assert.equal(new CgroupTree(folder).path(id), '/');
      assert.equal(new CgroupTree(folder).path(statSync(mount).ino), undefined);
      rmdirSync(folder);
      tree.path(Number.MAX_SAFE_INTEGER);
      tree.refresh(Date.now() + 60_000);
      assert.equal(tree.path(id), name);
    } finally {
      if (existsSync(folder)) rmdirSync(folder);
    }
  });

  it('tells nothing without a mount', () => {
    const tree = new CgroupTree(null);
    assert.equal(tree.mayLearn(1), false);
    tree.refresh(Date.now());
    assert.equal(tree.path(1), undefined);
  });
});
