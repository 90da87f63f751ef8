import type { ApiClient } from './client.ts';
import type { Problem } from './errors.ts';
import type { InventoryWatch } from './inventory.ts';
import type { Kubeconfig } from './kubeconfig.ts';
import type { Disposable } from './listeners.ts';
import type { Log } from './log.ts';

/** One context of one kubeconfig, pinned: what it was when it was connected is what it stays. */
export interface Cluster {
  /** Unique and stable: server and kube-system's uid, or files and context where that may not be read. */
  readonly key: string;
  readonly kubeconfig: Kubeconfig;
  readonly context: string;
  /** Namespace of the context, `default` when it names none. */
  readonly namespace: string;
  readonly server: string;
  /** uid of the kube-system namespace: the cluster's identity. Empty where it may not be read. */
  readonly uid: string;
  readonly api: ApiClient;
  /** What Kubernetes knows, watched while someone holds it; the first holder starts the watch, the last ends it. */
  holdInventory(): InventoryHold;
  /** Ends every watch and connection of this cluster. */
  dispose(): void;
}

export interface InventoryHold extends Disposable {
  readonly inventory: InventoryWatch;
}

export interface ConnectOptions {
  readonly timeoutMilliseconds: number;
  readonly log: Log;
  /** Called while a credential plugin runs, with a sentence to show; null when it ended. */
  readonly onProgress?: (message: string | null) => void;
  readonly signal?: AbortSignal;
}

