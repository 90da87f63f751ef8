import assert from 'node:assert/strict';
import type { Pod } from '../../../src/model/inventory.ts';
import { STATIC_POD_UID } from '../../../src/model/inventory.ts';
import { PodContainers } from './podContainers.ts';

const MINUTE = 60_000;

function pod(uid: string, containerIDs: readonly string[], annotations?: Record<string, string>): Pod {
  return {
    kind: 'Pod',
    metadata: { name: `pod-${uid}`, uid, annotations },
    spec: { containers: [{ name: 'main' }] },
    status: {
      containerStatuses: containerIDs.map((id) => ({ name: 'main', containerID: `containerd://${id}` })),
    },
  };
}

describe('PodContainers', () => {
  it('finds a container that was replaced, and a pod by its container where it has another uid', () => {
    const containers = new PodContainers();
    const [before, after] = [pod('one', ['c1']), pod('one', ['c2'])];
    containers.upsert(before);
    containers.upsert(after);
    for (const id of ['c1', 'c2']) {
      assert.deepEqual(containers.find('another', id), { pod: after, container: 'main' });
    }
    assert.deepEqual(containers.find('one', 'sandbox'), { pod: after, container: null });
    assert.equal(containers.find('another', 'sandbox'), null);
  });

  it('answers for a pod that is gone for five minutes, and then not', () => {
    const containers = new PodContainers();
    const gone = pod('one', ['c1'], { [STATIC_POD_UID]: 'hash' });
    containers.upsert(gone);
    containers.upsert(pod('other', ['c2']));
    containers.remove('one', 0);
    containers.forget(5 * MINUTE - 1);
    assert.deepEqual(containers.find('hash', null), { pod: gone, container: null });
    containers.forget(5 * MINUTE);
    for (const [uid, container] of [
      ['one', 'c1'],
      ['hash', null],
    ] as const) {
      assert.equal(containers.find(uid, container), null);
    }
    assert.equal(containers.find('x', 'c2')?.pod.metadata.uid, 'other');
  });

  it('keeps a static pod whose mirror was made anew', () => {
    const containers = new PodContainers();
    const [old, anew] = ['old', 'new'].map((uid) => pod(uid, [], { [STATIC_POD_UID]: 'hash' }));
    assert.ok(old && anew);
    containers.upsert(old);
    containers.remove('old', 0);
    containers.upsert(anew);
    containers.forget(10 * MINUTE);
    assert.deepEqual(containers.find('hash', null), { pod: anew, container: null });
  });
});
