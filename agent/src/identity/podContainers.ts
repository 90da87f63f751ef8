import type { Pod } from '../../../src/model/inventory.ts';
import { STATIC_POD_UID } from '../../../src/model/inventory.ts';

/** How long a pod that is gone still answers for flows of its time, milliseconds. */
const MEMORY = 300_000;

interface Entry {
  pod: Pod;
  readonly containers: Map<string, string>;
  until: number;
}

export interface ContainerOwner {
  readonly pod: Pod;
  /** Null for what belongs to the pod and to no container that the API names, as its sandbox. */
  readonly container: string | null;
}

/** Pods and their containers by the ids that cgroups have, also those of containers that were replaced. */
export class PodContainers {
  readonly #byUid = new Map<string, Entry>();
  readonly #byContainer = new Map<string, Entry>();

  upsert(pod: Pod): void {
    const { uid, annotations } = pod.metadata;
    const entry = this.#byUid.get(uid) ?? { pod, containers: new Map<string, string>(), until: Infinity };
    entry.pod = pod;
    entry.until = Infinity;
    this.#byUid.set(uid, entry);
    const staticUid = annotations?.[STATIC_POD_UID];
    if (staticUid !== undefined) this.#byUid.set(staticUid, entry);
    for (const { name, containerID } of pod.status.containerStatuses ?? []) {
      const id = containerID?.replace(/^.*:\/\//, '') ?? '';
      if (id === '') continue;
      entry.containers.set(id, name);
      this.#byContainer.set(id, entry);
    }
  }

  /** @param now wall time, milliseconds since the epoch */
  remove(uid: string, now: number): void {
    const entry = this.#byUid.get(uid);
    if (entry !== undefined) entry.until = now;
  }

  forget(now: number): void {
    for (const [uid, entry] of this.#byUid) if (entry.until <= now - MEMORY) this.#byUid.delete(uid);
    for (const [id, entry] of this.#byContainer) {
      if (entry.until <= now - MEMORY) this.#byContainer.delete(id);
    }
  }

  /** By the container first: where the API has another uid for a pod, as a virtual cluster's, it has that too. */
  find(podUid: string, containerId: string | null): ContainerOwner | null {
    const byContainer = containerId === null ? undefined : this.#byContainer.get(containerId);
    const entry = byContainer ?? this.#byUid.get(podUid);
    if (entry === undefined) return null;
    const container = containerId === null ? null : (entry.containers.get(containerId) ?? null);
    return { pod: entry.pod, container };
  }
}
