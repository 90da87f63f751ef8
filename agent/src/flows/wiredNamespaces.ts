import type { NamespaceTopology } from '../../../src/model/topology.ts';

type Wiring = Pick<NamespaceTopology, 'inode' | 'pod'> & {
  readonly interfaces: readonly Pick<NamespaceTopology['interfaces'][number], 'peer'>[];
};

interface AttachedNamespace {
  readonly netnsInode: number;
  /** As in flow keys. */
  readonly netnsIndex: number;
}

/**
 * Observed namespaces that veths join: a packet that goes from one into the other has one tuple in both, and is one
 * connection's. Namespaces that nothing joins may use the same addresses for different things.
 */
export class WiredNamespaces {
  /** By index of a namespace, as in flow keys: that of the one that stands for all that are wired to it. */
  #shared: ReadonlyMap<number, number> = new Map();
  /** In flow keys, by inode; the same when a namespace's last interface is gone. */
  readonly #indices = new Map<number, number>();

  /** @param attached interfaces of the observed namespaces */
  update(
    { namespaces }: { readonly namespaces: readonly Wiring[] },
    attached: readonly AttachedNamespace[],
  ): void {
    const indices = this.#indices;
    for (const { netnsInode, netnsIndex } of attached) indices.set(netnsInode, netnsIndex);
    const observed = namespaces.filter(({ inode }) => indices.has(inode));
    // A node outlives its pods, so it stands for them.
    const order = [...observed].sort((a, b) => Number(a.pod !== null) - Number(b.pod !== null));
    const shared = new Map<number, number>();
    for (const first of order) {
      const of = indices.get(first.inode) ?? 0;
      if (shared.has(of)) continue;
      const waiting = [first];
      for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
        const index = indices.get(next.inode) ?? 0;
        if (shared.has(index)) continue;
        shared.set(index, of);
        const peers = new Set(next.interfaces.map(({ peer }) => peer?.netns));
        waiting.push(...observed.filter(({ inode }) => peers.has(inode)));
      }
    }
    this.#shared = shared;
  }

  /** The index under which flows of a namespace are found: its own where nothing else is wired to it. */
  sharedBy(netns: number): number {
    return this.#shared.get(netns) ?? netns;
  }
}
