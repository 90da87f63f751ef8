/** The parts of a merged kubeconfig that we use; certificate paths are absolute. */
export interface Kubeconfig {
  /** The files that were read, in order of precedence. */
  readonly files: readonly string[];
  readonly currentContext: string;
  readonly contexts: readonly KubeconfigContext[];
}

export interface KubeconfigContext {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
  readonly namespace?: string;
}
