import type { Workload } from '../../../src/model/endpoint.ts';
import type { Pod } from '../../../src/model/inventory.ts';

/** Deployments alone set this label; a ReplicaSet of its own may have any name. */
export const TEMPLATE_HASH = 'pod-template-hash';
/** A CronJob's Job ends in the time it was scheduled for, minutes since the epoch. */
const SCHEDULE = /-(\d{8,9})$/;
/** A Job may run so much later than it was scheduled, minutes. */
const LATEST_START = 7 * 24 * 60;

/**
 * What runs the pod, as a person thinks of it: the Deployment rather than its ReplicaSet. Null for a bare pod. The API's
 * answer is at the ReplicaSet and the Job, which are not watched; what the pod shows is enough where it shows it.
 */
export function workloadOf({ metadata, status }: Pod): Workload | null {
  const owner = metadata.ownerReferences?.[0];
  if (owner === undefined) return null;
  const hash = metadata.labels?.[TEMPLATE_HASH];
  if (owner.kind === 'ReplicaSet' && hash !== undefined && owner.name.endsWith(`-${hash}`)) {
    return { kind: 'Deployment', name: owner.name.slice(0, -hash.length - 1) };
  }
  const scheduled = owner.kind === 'Job' ? SCHEDULE.exec(owner.name)?.[1] : undefined;
  const created = Date.parse(metadata.creationTimestamp ?? status.startTime ?? '') / 60_000;
  // A Job made by hand may end in a date, which as minutes is long ago.
  if (
    scheduled !== undefined &&
    created > Number(scheduled) - 1 &&
    created < Number(scheduled) + LATEST_START
  ) {
    return { kind: 'CronJob', name: owner.name.replace(SCHEDULE, '') };
  }
  return { kind: owner.kind, name: owner.name };
}
