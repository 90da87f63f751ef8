import type { Pod } from '../../../src/model/inventory.ts';
import { STATIC_POD_UID } from '../../../src/model/inventory.ts';

/** How long a pod that is gone still answers for flows of its time, milliseconds. */
const MEMORY = 300_000;

export interface ContainerOwner<P extends Pod = Pod> {
  readonly pod: P;
  /** Null for what belongs to the pod and to no container that the API names, as its sandbox. */
  readonly container: string | null;
}

interface Container {
  readonly podUid: string;
  readonly name: string;
}

/** Pods and their containers by the ids that cgroups have, also those of containers that were replaced. */
export class PodContainers<P extends Pod = Pod> {
  readonly #pods = new Map<string, P>();
  /** Uids in the API by those that static pods have on their nodes. */
  readonly #staticUids = new Map<string, string>();
  readonly #containers = new Map<string, Container>();
  /** Since when a pod is gone, by uid. */
  readonly #gone = new Map<string, number>();

  upsert(pod: P): void {
    const { uid, annotations } = pod.metadata;
    this.#pods.set(uid, pod);
    this.#gone.delete(uid);
    const staticUid = annotations?.[STATIC_POD_UID];
    if (staticUid !== undefined) this.#staticUids.set(staticUid, uid);
    for (const { name, containerID } of pod.status.containerStatuses ?? []) {
      const id = containerID?.replace(/^.*:\/\//, '') ?? '';
      if (id !== '' && this.#containers.get(id)?.podUid !== uid) {
        this.#containers.set(id, { podUid: uid, name });
      }
    }
  }

  /** @param now wall time, milliseconds since the epoch */
  remove(uid: string, now: number): void {
    if (this.#pods.has(uid)) this.#gone.set(uid, now);
  }

  /** Forgets what is gone for long. */
  forget(now: number): void {
    const forgotten = [...this.#gone].filter(([, since]) => since <= now - MEMORY).map(([uid]) => uid);
    if (forgotten.length === 0) return;
    for (const uid of forgotten) {
      this.#gone.delete(uid);
      this.#pods.delete(uid);
    }
    for (const [id, { podUid }] of this.#containers) if (!this.#pods.has(podUid)) this.#containers.delete(id);
    for (const [id, uid] of this.#staticUids) if (!this.#pods.has(uid)) this.#staticUids.delete(id);
  }

  /** By the container first: where the API has another uid for a pod, as a virtual cluster's, it has that too. */
  find(podUid: string, containerId: string | null): ContainerOwner<P> | null {
    const container = containerId === null ? undefined : this.#containers.get(containerId);
    const pod = this.#pods.get(container?.podUid ?? this.#staticUids.get(podUid) ?? podUid);
    return pod === undefined ? null : { pod, container: container?.name ?? null };
  }
}
