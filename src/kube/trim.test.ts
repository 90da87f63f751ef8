import assert from 'node:assert/strict';
import { STATIC_POD_UID } from '../model/inventory.ts';
import { trimObject } from './trim.ts';

describe('objects cut down to what identity needs', () => {
  it('keeps the ids of all containers of a pod and the uid that its node gave it', () => {
    const status = (name: string): object[] => [{ name, containerID: `containerd://${name}`, ready: true }];
    const pod = trimObject('Pod', {
      metadata: { name: 'p', uid: 'u', annotations: { [STATIC_POD_UID]: 'hash', other: 'x' } },
      spec: { containers: [{ name: 'main', image: 'i' }] },
      status: {
        containerStatuses: status('main'),
        initContainerStatuses: status('init'),
        ephemeralContainerStatuses: status('debug'),
      },
    });
    assert.ok(pod?.kind === 'Pod');
    assert.deepEqual(pod.metadata.annotations, { [STATIC_POD_UID]: 'hash' });
    assert.deepEqual(
      pod.status.containerStatuses,
      ['main', 'init', 'debug'].map((name) => ({ name, containerID: `containerd://${name}` })),
    );
  });
});
