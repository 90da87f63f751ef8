import type { InventoryObject, Node, Pod } from '../model/inventory.ts';
import type { ApiClient } from './client.ts';
import { KubeError, isKubeError, type Problem } from './errors.ts';
import { Listeners, type Disposable } from './listeners.ts';
import type { Log } from './log.ts';
import { INVENTORY_KINDS, trimObject, type InventoryKind } from './trim.ts';
import { watchResource, type WatchChange, type WatchedObject } from './watch.ts';

/** What changed; with `reset` the upserts are everything there is. */
export interface InventoryChange {
  readonly reset: boolean;
  readonly upserts: readonly InventoryObject[];
  readonly deletedUids: readonly string[];
}

/** A resource that cannot be watched; the others are watched all the same. */
export interface ResourceProblem {
  readonly resource: string;
  readonly problem: Problem;
}

/** Changes within this time become one call. */
const BATCH_MILLISECONDS = 100;

export interface InventoryWatchOptions {
  readonly client: ApiClient;
  readonly log: Log;
  readonly batchMilliseconds?: number;
}

/** The live inventory of one cluster: five watches, one table by uid. Starts at once; ends with `dispose`. */
export class InventoryWatch implements Disposable {
  /** Resolves when each resource was listed once or refused; rejects when pods cannot be listed. */
  readonly synced: Promise<void>;
  readonly #options: InventoryWatchOptions;
  readonly #objects = new Map<string, InventoryObject>();
  readonly #podUids = new Map<string, string>();
  readonly #problems = new Map<string, Problem>();
  readonly #changeListeners = new Listeners<InventoryChange>();
  readonly #problemListeners = new Listeners<undefined>();
  readonly #stop = new AbortController();
  readonly #upserts = new Map<string, InventoryObject>();
  readonly #deletedUids = new Set<string>();
  #batchTimer: NodeJS.Timeout | null = null;

  constructor(options: InventoryWatchOptions) {
    this.#options = options;
    const kinds = Object.keys(INVENTORY_KINDS) as InventoryKind[];
    this.synced = Promise.all(kinds.map((kind) => this.#watch(kind))).then(() => {});
    // The owner may ask for `synced` later, or only for the problems.
    this.synced.catch(() => {});
  }

  get problems(): readonly ResourceProblem[] {
    return [...this.#problems].map(([resource, problem]) => ({ resource, problem }));
  }

  objects(): Iterable<InventoryObject> {
    return this.#objects.values();
  }

  get(uid: string): InventoryObject | undefined {
    return this.#objects.get(uid);
  }

  pod(namespace: string, name: string): Pod | undefined {
    const object = this.#objects.get(this.#podUids.get(`${namespace}/${name}`) ?? '');
    return object?.kind === 'Pod' ? object : undefined;
  }

  /** By name. */
  nodes(): readonly Node[] {
    const nodes = [...this.#objects.values()].filter((object) => object.kind === 'Node');
    return nodes.sort((a, b) => a.metadata.name.localeCompare(b.metadata.name));
  }

  /** At most one call a batch time. The first call after adding is not a reset: read `objects()` first. */
  onChange(listener: (change: InventoryChange) => void): Disposable {
    return this.#changeListeners.add(listener);
  }

  onProblems(listener: () => void): Disposable {
    return this.#problemListeners.add(listener);
  }

  dispose(): void {
    this.#stop.abort();
    if (this.#batchTimer !== null) clearTimeout(this.#batchTimer);
    this.#changeListeners.clear();
    this.#problemListeners.clear();
  }

  /** Resolves with the first list, or with the first refusal of anything but pods. */
  #watch(kind: InventoryKind): Promise<void> {
    const { client, log } = this.#options;
    const resource = INVENTORY_KINDS[kind];
    return new Promise((resolve, reject) => {
      void watchResource<WatchedObject>({
        client,
        path: { resource },
        signal: this.#stop.signal,
        onChange: (change) => {
          this.#apply(kind, change);
          resolve();
        },
        onProblem: (error) => {
          this.#noteProblem(resource, error);
          if (error === null) {
            log.info(`${client.context}: ${resource} are watched again.`);
            return;
          }
          log.warn(`${client.context}: ${resource}: ${error.message}`);
          if (resource === 'pods') reject(error);
          else resolve();
        },
      });
    });
  }

  #noteProblem(resource: string, error: KubeError | null): void {
    if (error === null) this.#problems.delete(resource);
    else this.#problems.set(resource, consequence(resource, error));
    this.#problemListeners.emit(undefined);
  }

  #apply(kind: InventoryKind, change: WatchChange<WatchedObject>): void {
    for (const uid of change.deletedUids) {
      const object = this.#objects.get(uid);
      if (object === undefined) continue;
      this.#objects.delete(uid);
      if (object.kind === 'Pod' && this.#podUids.get(podName(object)) === uid) {
        this.#podUids.delete(podName(object));
      }
      this.#upserts.delete(uid);
      this.#deletedUids.add(uid);
    }
    for (const source of change.upserts) {
      const object = trimObject(kind, source);
      if (object === null) {
        this.#options.log.warn(`A ${kind} without name or uid was skipped.`);
        continue;
      }
      this.#objects.set(object.metadata.uid, object);
      if (object.kind === 'Pod') this.#podUids.set(podName(object), object.metadata.uid);
      this.#upserts.set(object.metadata.uid, object);
    }
    this.#batchTimer ??= setTimeout(
      () => this.#emit(),
      this.#options.batchMilliseconds ?? BATCH_MILLISECONDS,
    );
  }

  #emit(): void {
    this.#batchTimer = null;
    const change = {
      reset: false,
      upserts: [...this.#upserts.values()],
      deletedUids: [...this.#deletedUids],
    };
    this.#upserts.clear();
    this.#deletedUids.clear();
    if (change.upserts.length > 0 || change.deletedUids.length > 0) this.#changeListeners.emit(change);
  }
}

const podName = (pod: Pod): string => `${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;

/** What a user will miss without a resource. */
const CONSEQUENCES: Readonly<Record<string, string>> = {
  services: 'Service names are missing from the flows meanwhile.',
  endpointslices: 'Backends are matched to Services by pod labels only meanwhile.',
  nodes: 'Nodes are known only by their pods meanwhile.',
  namespaces: 'Namespaces without pods are missing meanwhile.',
};

function consequence(resource: string, error: KubeError): Problem {
  const { problem } = error;
  const effect = CONSEQUENCES[resource];
  if (effect === undefined || !isKubeError(error, 'forbidden')) return problem;
  return { ...problem, next: `${effect} ${problem.next}` };
}
