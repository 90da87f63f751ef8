import { EventEmitter } from 'vscode';
import type { Disposable, LogOutputChannel } from 'vscode';
import type { Cluster } from '../kube/cluster.ts';
import type { Kubeconfig } from '../kube/kubeconfig.ts';

export interface ConnectOptions {
  readonly timeoutMilliseconds: number;
  /** Told while a credential plugin runs; null when it ended. */
  readonly onProgress?: (message: string | null) => void;
  readonly signal?: AbortSignal;
}

/**
 * The clusters of this window: each context of a kubeconfig is connected once and stays what it was. Everything that
 * speaks to a cluster is loaded with the first use.
 */
export class Clusters implements Disposable {
  readonly #log: LogOutputChannel;
  readonly #connections = new Map<string, Promise<Cluster>>();
  readonly #changes = new EventEmitter<void>();
  /** The kubeconfig was read anew, or connections were given up. */
  readonly onDidChange = this.#changes.event;

  constructor(log: LogOutputChannel) {
    this.#log = log;
  }

  /** Reads files named as the setting names them; empty for the default. @throws KubeError */
  async kubeconfig(files: string): Promise<Kubeconfig> {
    const { loadKubeconfig } = await import('../kube/kubeconfig.ts');
    const kubeconfig = await loadKubeconfig({ setting: files });
    const { missing } = kubeconfig;
    this.#log.debug(`kubeconfig: read ${kubeconfig.files.join(', ') || 'nothing'}`);
    if (missing.length > 0) this.#log.info(`kubeconfig: there is no ${missing.join(', ')}`);
    return kubeconfig;
  }

  /** @throws KubeError; the next call tries again. */
  async connect(files: string, context: string, options: ConnectOptions): Promise<Cluster> {
    const kubeconfig = await this.kubeconfig(files);
    const key = JSON.stringify([kubeconfig.files, context]);
    const connected = this.#connections.get(key) ?? this.#connect(kubeconfig, context, options);
    this.#connections.set(key, connected);
    try {
      return await connected;
    } catch (error) {
      if (this.#connections.get(key) === connected) this.#connections.delete(key);
      throw error;
    }
  }

  /** Lets go of every connection. Sessions keep theirs: a cluster lives as long as someone uses it. */
  refresh(): void {
    this.#connections.clear();
    this.#changes.fire();
  }

  dispose(): void {
    for (const connected of this.#connections.values()) {
      connected.then(
        (cluster) => cluster.dispose(),
        () => {
          // Its caller was told.
        },
      );
    }
    this.#connections.clear();
    this.#changes.dispose();
  }

  async #connect(kubeconfig: Kubeconfig, context: string, options: ConnectOptions): Promise<Cluster> {
    const { Cluster } = await import('../kube/cluster.ts');
    return Cluster.connect(kubeconfig, context, { ...options, log: this.#log });
  }
}
