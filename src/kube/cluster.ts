import { ApiClient } from './client.ts';
import { isKubeError } from './errors.ts';
import { InventoryWatch } from './inventory.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import type { Disposable } from './listeners.ts';
import type { Log } from './log.ts';

export interface InventoryHold extends Disposable {
  readonly inventory: InventoryWatch;
}

export interface ConnectOptions {
  readonly timeoutMilliseconds: number;
  readonly log: Log;
  /** Called while a credential plugin runs, with a sentence to show; null when it ended. */
  readonly onProgress?: ((message: string | null) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** One context of one kubeconfig, pinned: what it was when it was connected is what it stays. */
export class Cluster {
  readonly kubeconfig: Kubeconfig;
  readonly context: string;
  /** Namespace of the context, `default` when it names none. */
  readonly namespace: string;
  readonly server: string;
  /** uid of the kube-system namespace: the cluster's identity. Empty where it may not be read. */
  readonly uid: string;
  readonly api: ApiClient;
  readonly #log: Log;
  #inventory: InventoryWatch | null = null;
  #holders = 0;

  private constructor(kubeconfig: Kubeconfig, api: ApiClient, uid: string, log: Log) {
    this.kubeconfig = kubeconfig;
    this.context = api.context;
    this.namespace = api.namespace;
    this.server = api.server;
    this.uid = uid;
    this.api = api;
    this.#log = log;
  }

  /**
   * Connects and asks who the cluster is.
   * @throws KubeError: kubeconfig, credential-plugin, unreachable, tls, unauthenticated, timeout, cancelled
   */
  static async connect(kubeconfig: Kubeconfig, context: string, options: ConnectOptions): Promise<Cluster> {
    const api = new ApiClient(kubeconfig, context, options);
    try {
      return new Cluster(kubeconfig, api, await clusterUid(api, options.signal), options.log);
    } catch (error) {
      api.close();
      throw error;
    }
  }

  /** Stable and unique: context, server and, where it may be read, the cluster's uid. */
  get key(): string {
    return [this.kubeconfig.files.join(','), this.context, this.server, this.uid].join(' ');
  }

  /** What Kubernetes knows, watched while someone holds it: the first holder starts it, the last ends it. */
  holdInventory(): InventoryHold {
    this.#inventory ??= new InventoryWatch({ client: this.api, log: this.#log });
    this.#holders += 1;
    const inventory = this.#inventory;
    let held = true;
    return {
      inventory,
      dispose: () => {
        if (!held) return;
        held = false;
        this.#holders -= 1;
        if (this.#holders > 0 || this.#inventory !== inventory) return;
        inventory.dispose();
        this.#inventory = null;
      },
    };
  }

  /** Ends every watch and idle connection. */
  dispose(): void {
    this.#inventory?.dispose();
    this.#inventory = null;
    this.#holders = 0;
    this.api.close();
  }
}

async function clusterUid(api: ApiClient, signal: AbortSignal | undefined): Promise<string> {
  try {
    const path = { resource: 'namespaces', name: 'kube-system' } as const;
    const namespace = await api.get<{ metadata: { uid: string } }>(path, { signal });
    return namespace.metadata.uid;
  } catch (error) {
    if (isKubeError(error, 'forbidden', 'not-found')) return '';
    throw error;
  }
}
