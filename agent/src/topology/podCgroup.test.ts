import assert from 'node:assert/strict';
import { podOfCgroupFile, podOfCgroupPath } from './podCgroup.ts';

const UID = '0f2b1c9e-7d3a-4c55-9a1b-2d3e4f506172';
const CONTAINER = 'c'.repeat(64);

describe('pod of a cgroup', () => {
  it('reads both cgroup drivers', () => {
    const expected = { podUid: UID, containerId: CONTAINER };
    assert.deepEqual(podOfCgroupPath(`/kubepods/besteffort/pod${UID}/${CONTAINER}`), expected);
    const slice = `kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;
    assert.deepEqual(
      podOfCgroupPath(`/kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-${CONTAINER}.scope`),
      expected,
    );
    assert.deepEqual(podOfCgroupPath(`/kn-node-a/kubepods/pod${UID}`), { podUid: UID, containerId: null });
  });

  it('takes nothing else for a pod', () => {
    for (const path of ['/', '/system.slice/kubelet.service', `/user/pod${UID}`, '/kubepods/burstable']) {
      assert.equal(podOfCgroupPath(path), null);
    }
  });

  it('finds the version 2 line among those of a hybrid machine', () => {
    const text = `9:name=systemd:/\n4:memory:/kubepods/pod${UID}\n0::/kubepods/pod${UID}/${CONTAINER}\n`;
    assert.equal(podOfCgroupFile(text)?.containerId, CONTAINER);
    assert.equal(podOfCgroupFile('0::/\n'), null);
  });
});
