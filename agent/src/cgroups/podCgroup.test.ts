import assert from 'node:assert/strict';
import fc from 'fast-check';
import { podOfCgroupFile, podOfCgroupPath, podsOfCgroupPath } from './podCgroup.ts';
import { unitOfCgroupPath } from './unit.ts';

const UID = '0f2b1c9e-7d3a-4c55-9a1b-2d3e4f506172';
const ESCAPED = UID.replaceAll('-', '_');
const CONTAINER = 'c'.repeat(64);
const OTHER = `${'1'.repeat(8)}-2222-3333-4444-${'5'.repeat(12)}`;
const STATIC = 'd9f1c3a07b6e4d2f8a5c0b1e2d3f4a5b';

/**
 * Shapes as they are on real nodes. Names of pod groups: kubelet's pkg/kubelet/cm (cgroup_manager_linux.go escapes
 * dashes, pod_container_manager_linux.go prefixes "pod"). Of containers: containerd's CRI plugin (getCgroupsPath),
 * CRI-O's internal/config/cgmgr, cri-dockerd's and runc's systemd driver.
 */
const SHAPES: readonly (readonly [what: string, path: string, uid: string, container: string | null])[] = [
  ['cgroupfs, guaranteed', `/kubepods/pod${UID}/${CONTAINER}`, UID, CONTAINER],
  ['cgroupfs, burstable', `/kubepods/burstable/pod${UID}/${CONTAINER}`, UID, CONTAINER],
  ['the pod itself', `/kubepods/besteffort/pod${UID}`, UID, null],
  [
    'systemd, containerd',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${ESCAPED}.slice/cri-containerd-${CONTAINER}.scope`,
    UID,
    CONTAINER,
  ],
  [
    'systemd, guaranteed, CRI-O',
    `/kubepods.slice/kubepods-pod${ESCAPED}.slice/crio-${CONTAINER}.scope`,
    UID,
    CONTAINER,
  ],
  [
    'CRI-O with crun: the processes are one group deeper',
    `/kubepods.slice/kubepods-pod${ESCAPED}.slice/crio-${CONTAINER}.scope/container`,
    UID,
    CONTAINER,
  ],
  [
    'CRI-O’s monitor is of the pod and no container',
    `/kubepods.slice/kubepods-pod${ESCAPED}.slice/crio-conmon-${CONTAINER}.scope`,
    UID,
    null,
  ],
  [
    'systemd, Docker',
    `/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod${ESCAPED}.slice/docker-${CONTAINER}.scope`,
    UID,
    CONTAINER,
  ],
  [
    'systemd inside the container',
    `/kubepods/pod${UID}/${CONTAINER}/system.slice/nginx.service`,
    UID,
    CONTAINER,
  ],
  ['a static pod', `/kubepods/burstable/pod${STATIC}/${CONTAINER}`, STATIC, CONTAINER],
  [
    'a static pod, systemd',
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${STATIC}.slice/cri-containerd-${CONTAINER}.scope`,
    STATIC,
    CONTAINER,
  ],
  [
    'containerd without systemd below a kubelet with it',
    `/system.slice/containerd.service/kubepods-burstable-pod${ESCAPED}.slice:cri-containerd:${CONTAINER}`,
    UID,
    CONTAINER,
  ],
  [
    'kind, with kubelet’s --cgroup-root=/kubelet',
    `/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod${ESCAPED}.slice/cri-containerd-${CONTAINER}.scope`,
    UID,
    CONTAINER,
  ],
  ['kind on v1', `/docker/${'a'.repeat(64)}/kubelet/kubepods/pod${UID}/${CONTAINER}`, UID, CONTAINER],
  ['a node with a root of its own', `/kn-node-a/kubepods/pod${UID}`, UID, null],
];

/** What looks a little like a pod and is none. */
const STRANGERS = [
  '/',
  '/system.slice/kubelet.service',
  `/user/pod${UID}`,
  '/kubepods/burstable',
  `/kubepods/burstable/pod${UID}x`,
  `/system.slice/docker-${CONTAINER}.scope`,
  `/machine.slice/pod${ESCAPED}.slice`,
];

const hex = (length: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 0, max: 15 }), { minLength: length, maxLength: length })
    .map((digits) => digits.map((digit) => digit.toString(16)).join(''));
const qos = fc.constantFrom('', 'burstable', 'besteffort');
const plainUid = fc.uuid();
const segment = fc.stringMatching(/^[a-zA-Z0-9._@:\\-]{1,20}$/).filter((text) => !text.includes('kubepods'));

describe('pod of a cgroup', () => {
  for (const [what, path, podUid, containerId] of SHAPES) {
    it(`reads ${what}`, () => {
      assert.deepEqual(podOfCgroupPath(path), { podUid, containerId });
      assert.deepEqual(podOfCgroupFile(`4:memory:/\n0::${path}\n`), { podUid, containerId });
    });
  }

  it('takes nothing else for a pod', () => {
    for (const path of STRANGERS) assert.equal(podOfCgroupPath(path), null, path);
  });

  it('finds both pods where a node runs in one', () => {
    const path = `/kubepods/pod${OTHER}/${CONTAINER}/docker/x/kubelet/kubepods/burstable/pod${UID}/${'d'.repeat(64)}`;
    assert.deepEqual(podsOfCgroupPath(path), [
      { podUid: OTHER, containerId: CONTAINER },
      { podUid: UID, containerId: 'd'.repeat(64) },
    ]);
  });

  it('finds the version 2 line among those of a hybrid machine', () => {
    const text = `9:name=systemd:/\n4:memory:/kubepods/pod${OTHER}\n0::/kubepods/pod${UID}/${CONTAINER}\n`;
    assert.equal(podOfCgroupFile(text)?.podUid, UID);
    assert.equal(podOfCgroupFile('0::/\n'), null);
  });

  it('reads what either driver makes of any uid and id, below any root', () => {
    const roots = fc.array(segment, { maxLength: 3 });
    fc.assert(
      fc.property(
        fc.oneof(plainUid, hex(32)),
        hex(64),
        qos,
        roots,
        fc.constantFrom('', 'cri-containerd-', 'crio-', 'docker-'),
        (podUid, containerId, tier, root, runtime) => {
          const prefix = root.map((name) => `/${name}`).join('');
          const files = `${prefix}/kubepods${tier && `/${tier}`}/pod${podUid}/${containerId}`;
          const slice = `kubepods${tier && `-${tier}`}-pod${podUid.replaceAll('-', '_')}.slice`;
          const systemd = `${prefix}/kubepods.slice/${slice}/${runtime}${containerId}.scope`;
          assert.deepEqual(podsOfCgroupPath(files), [{ podUid, containerId }]);
          assert.deepEqual(podsOfCgroupPath(systemd), [{ podUid, containerId }]);
        },
      ),
    );
  });

  it('finds no pod in a path that has no kubepods, and never fails', () => {
    fc.assert(
      fc.property(fc.array(segment, { maxLength: 8 }), (names) => {
        assert.deepEqual(podsOfCgroupPath(`/${names.join('/')}`), []);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (path) => {
        podsOfCgroupPath(path);
        unitOfCgroupPath(path);
      }),
    );
  });
});

describe('unit of a cgroup', () => {
  const units: readonly (readonly [path: string, unit: string | null])[] = [
    ['/system.slice/kubelet.service', 'kubelet.service'],
    ['/system.slice/system-getty.slice/getty@tty1.service', 'getty@tty1.service'],
    ['/system.slice/system-serial\\x2dgetty.slice/serial\\x2dgetty@x.service', 'serial-getty@x.service'],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/syncthing.service', 'syncthing.service'],
    ['/user.slice/user-1000.slice/user@1000.service/app.slice/run-u7.scope', 'run-u7.scope'],
    ['/user.slice/user-0.slice/session-3.scope', null],
    ['/init.scope', null],
    ['/', null],
    [`/system.slice/docker-${CONTAINER}.scope`, `docker-${CONTAINER}.scope`],
    ['/vl-lab/system.slice/node-agent.service', 'node-agent.service'],
  ];
  it('is the innermost that says what runs there', () => {
    for (const [path, unit] of units) assert.equal(unitOfCgroupPath(path), unit, path);
  });
});
