import assert from 'node:assert/strict';
import type { Pod } from '../../../src/model/inventory.ts';
import { workloadOf } from './workload.ts';

/** 2026-01-01T10:00:00Z in minutes, as CronJobs name their Jobs. */
const SCHEDULED = 29_454_360;

function pod(kind: string | null, name: string, changes: Partial<Pod['metadata']> = {}): Pod {
  const ownerReferences = kind === null ? [] : [{ kind, name }];
  const creationTimestamp = '2026-01-01T10:00:02Z';
  return {
    kind: 'Pod',
    metadata: { name: 'pod', uid: 'uid-pod', creationTimestamp, ownerReferences, ...changes },
    spec: { containers: [] },
    status: {},
  };
}

describe('workloadOf', () => {
  it('goes from a ReplicaSet to the Deployment whose template made it', () => {
    const labels = { 'pod-template-hash': '6d4cf56db6' };
    assert.deepEqual(workloadOf(pod('ReplicaSet', 'web-6d4cf56db6', { labels })), {
      kind: 'Deployment',
      name: 'web',
    });
  });

  it('leaves a ReplicaSet of its own as it is, whatever its name looks like', () => {
    const own = { kind: 'ReplicaSet', name: 'web-6d4cf56db6' };
    assert.deepEqual(workloadOf(pod('ReplicaSet', 'web-6d4cf56db6')), own);
    const labels = { 'pod-template-hash': 'other' };
    assert.deepEqual(workloadOf(pod('ReplicaSet', 'web-6d4cf56db6', { labels })), own);
  });

  it('goes from a Job to the CronJob that made it, also for its later tries', () => {
    const job = (creationTimestamp: string): Pod => pod('Job', `backup-${SCHEDULED}`, { creationTimestamp });
    assert.deepEqual(workloadOf(job('2026-01-01T10:00:00Z')), { kind: 'CronJob', name: 'backup' });
    assert.deepEqual(workloadOf(job('2026-01-01T16:00:00Z')), { kind: 'CronJob', name: 'backup' });
  });

  it('leaves a Job with a date or a number in its name as it is', () => {
    for (const name of [
      'backup-20260101',
      'backup-123',
      `backup-${SCHEDULED + 60}`,
      `backup-${SCHEDULED}-again`,
    ]) {
      assert.deepEqual(workloadOf(pod('Job', name)), { kind: 'Job', name });
    }
  });

  it('takes other owners as they are, and none for a bare pod', () => {
    assert.deepEqual(workloadOf(pod('StatefulSet', 'db')), { kind: 'StatefulSet', name: 'db' });
    assert.equal(workloadOf(pod(null, '')), null);
  });
});
