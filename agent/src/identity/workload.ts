import type { Workload } from '../../../src/model/endpoint.ts';
import type { Pod } from '../../../src/model/inventory.ts';

/** A ReplicaSet's name is its Deployment's with a hash of Kubernetes' "safe" letters behind. */
const TEMPLATE_HASH = /-[bcdfghjklmnpqrstvwxz2456789]{5,10}$/;
/** A CronJob's Job ends in the scheduled time in minutes. */
const SCHEDULE = /-\d{8,}$/;

/** What runs the pod, as a person thinks of it: the Deployment rather than its ReplicaSet. Null for a bare pod. */
export function workloadOf(pod: Pod): Workload | null {
  const owner = pod.metadata.ownerReferences?.[0];
  if (owner === undefined) return null;
  const hash = pod.metadata.labels?.['pod-template-hash'];
  if (owner.kind === 'ReplicaSet') {
    if (hash !== undefined && owner.name.endsWith(`-${hash}`)) {
      return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
    }
    if (TEMPLATE_HASH.test(owner.name)) {
      return { kind: 'Deployment', name: owner.name.replace(TEMPLATE_HASH, '') };
    }
  }
  if (owner.kind === 'Job' && SCHEDULE.test(owner.name)) {
    return { kind: 'CronJob', name: owner.name.replace(SCHEDULE, '') };
  }
  return { kind: owner.kind, name: owner.name };
}
