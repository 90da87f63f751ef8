import { release } from 'node:os';
import type { LinkChange, NetworkNamespace } from '../../native/index.d.ts';
import { nodeShape } from '../../../src/model/nodeShape.ts';
import type { Topology } from '../../../src/model/topology.ts';
import type { Addon } from '../collector/addon.ts';
import { codeOf } from '../failure.ts';
import type { PodFinder } from './namespacePod.ts';
import { hostPods, podByAddresses, podByUid } from './namespacePod.ts';
import type { ReadNamespace } from './namespaceTopology.ts';
import { namespaceTopology } from './namespaceTopology.ts';
import type { FoundNamespace, KnownProcesses } from './processNamespaces.ts';
import { findNamespaces, namespaceInode, UNREACHABLE } from './processNamespaces.ts';
import type { NamespaceDump } from './readNamespace.ts';
import { dumpNamespace } from './readNamespace.ts';

export interface TopologyRequest {
  readonly addon: Addon;
  readonly node: string;
  /** Namespaces that are watched, the node's own first. */
  watched(): readonly NetworkNamespace[];
  readonly pods: PodFinder;
  readonly isAttached: (netnsInode: number, ifindex: number) => boolean;
}

/** Those whose change the kernel tells nobody. */
const SILENT_SYSCTLS = ['net/bridge/bridge-nf-call-iptables', 'net/bridge/bridge-nf-call-ip6tables'];
/** Sysctls that change what can be seen. */
const SYSCTLS = [
  ...SILENT_SYSCTLS,
  'net/ipv4/ip_forward',
  'net/ipv4/conf/all/rp_filter',
  'net/ipv6/conf/all/forwarding',
];

/**
 * Reads the node's wiring: the watched namespaces, those at the other end of their veths, and pods' namespaces. What was
 * read is kept, so that after an event only the namespace where it happened is read again.
 */
export class TopologyReader {
  readonly #request: TopologyRequest;
  /** By inode, the watched ones first. */
  #dumps = new Map<number, NamespaceDump>();
  readonly #processes: KnownProcesses = new Map();
  #found = new Map<number, FoundNamespace>();
  /** By the inode of a watched namespace: the inode behind each of its namespace ids. */
  #ids = new Map<number, Map<number, number>>();
  /** Inodes of namespaces that a watched one has an id for. */
  #peers: ReadonlySet<number> = new Set();
  readonly #changed = new Set<number>();
  /** As they were last read. */
  #sysctls: Readonly<Record<string, string | null>> = {};
  /** Something may be there that only a look at all processes finds. */
  #isIncomplete = true;

  constructor(request: TopologyRequest) {
    this.#request = request;
  }

  /** Tells of a change in a watched namespace or in one that it has an id for. */
  changed(watchedInode: number, change: LinkChange): void {
    const ids = this.#ids.get(watchedInode);
    if (change.kind === 'overflow' || ids === undefined) this.#isIncomplete = true;
    else if (change.kind === 'namespace') {
      // The next namespace may get the id of the one that is gone.
      if (change.removed) ids.delete(change.nsid);
      this.#isIncomplete = true;
    } else {
      // One that no process and no name leads to is not looked for again at each of its events.
      const inode = change.nsid < 0 ? watchedInode : ids.get(change.nsid);
      if (inode !== undefined) this.#changed.add(inode);
    }
  }

  /** Pods may have come to namespaces that had none. */
  podsChanged(): void {
    this.#processes.clear();
    this.#isIncomplete = true;
  }

  /** Whether a sysctl that has no event is another than when it was last read. */
  hasSilentChange(): boolean {
    const now = this.#readSysctls(SILENT_SYSCTLS);
    return SILENT_SYSCTLS.some((name) => now[name] !== this.#sysctls[name]);
  }

  /** Reads everything. */
  read(): Topology {
    this.#dumps = new Map();
    this.#processes.clear();
    this.#ids = new Map(this.#request.watched().map(({ inode }) => [inode, new Map<number, number>()]));
    this.#isIncomplete = true;
    return this.readChanged();
  }

  /** Reads only what changed since the last time. */
  readChanged(): Topology {
    if (this.#isIncomplete) this.#find();
    this.#isIncomplete = false;
    for (const namespace of this.#request.watched()) {
      const { inode } = namespace;
      if (this.#changed.has(inode) || !this.#dumps.has(inode)) {
        this.#dumps.set(inode, dumpNamespace(namespace));
      }
    }
    const others = this.#others();
    this.#forgetAllBut(others);
    for (const other of others.values()) {
      const isKnown = this.#dumps.get(other.inode)?.path === other.path;
      if (this.#changed.has(other.inode) || !isKnown) this.#readOther(other);
    }
    this.#changed.clear();
    return this.#assemble();
  }

  /** Looks for namespaces at all processes and names, and asks what ids the watched ones have for those that are new. */
  #find(): void {
    this.#found = findNamespaces(this.#processes);
    for (const ids of this.#ids.values()) {
      for (const [id, inode] of ids) if (!this.#found.has(inode)) ids.delete(id);
    }
    const known = [...this.#ids.values()].map((ids) => new Set(ids.values()));
    for (const other of this.#found.values()) {
      if (known.length > 0 && known.every((inodes) => inodes.has(other.inode))) continue;
      this.#opened(other, (handle) => this.#learnIds(handle));
    }
    this.#peers = new Set([...this.#ids.values()].flatMap((ids) => [...ids.values()]));
  }

  #learnIds(other: NetworkNamespace): void {
    for (const namespace of this.#request.watched()) {
      const id = namespace.idOf(other);
      if (id >= 0) this.#ids.get(namespace.inode)?.set(id, other.inode);
    }
  }

  /** Those to be read beside the watched ones. */
  #others(): Map<number, FoundNamespace> {
    const watched = new Set(this.#request.watched().map(({ inode }) => inode));
    const isOther = ({ inode, podUids }: FoundNamespace): boolean =>
      !watched.has(inode) && (this.#peers.has(inode) || podUids.size === 1);
    return new Map([...this.#found].filter(([, found]) => isOther(found)));
  }

  #forgetAllBut(others: ReadonlyMap<number, FoundNamespace>): void {
    const watched = new Set(this.#request.watched().map(({ inode }) => inode));
    for (const inode of [...this.#dumps.keys()]) {
      if (!watched.has(inode) && !others.has(inode)) this.#dumps.delete(inode);
    }
  }

  #readOther(other: FoundNamespace): void {
    const dump = this.#opened(other, dumpNamespace);
    if (dump === undefined) {
      this.#dumps.delete(other.inode);
      // Gone, or to be entered by another path, which only another look tells.
      this.#isIncomplete = true;
    } else {
      this.#dumps.set(other.inode, dump);
    }
  }

  /** Opens a namespace only for as long as it is read: an open handle would keep a deleted pod's namespace alive. */
  #opened<T>(other: FoundNamespace, read: (handle: NetworkNamespace) => T): T | undefined {
    let handle: NetworkNamespace | undefined;
    try {
      handle = new this.#request.addon.NetworkNamespace(other.path);
      return handle.inode === other.inode ? read(handle) : undefined;
    } catch (error) {
      if (!UNREACHABLE.has(codeOf(error))) throw error;
      return undefined;
    } finally {
      handle?.close();
    }
  }

  #assemble(): Topology {
    const { node, isAttached } = this.#request;
    const nodeInode = namespaceInode('/proc/1/ns/net');
    const namespaces = new Map<number, ReadNamespace>();
    for (const dump of this.#dumps.values()) namespaces.set(dump.inode, this.#withPod(dump, nodeInode));
    const listed = [...namespaces.values()].map((read) =>
      namespaceTopology(read, { namespaces, ids: this.#ids.get(read.dump.inode), isAttached }),
    );
    const first = listed[0];
    const [own] = this.#request.watched();
    const guests = own === undefined ? [] : hostPods(this.#found.get(own.inode), this.#request.pods);
    this.#sysctls = this.#readSysctls(SYSCTLS);
    return {
      node,
      kernel: release(),
      ...(first === undefined ? {} : { shape: nodeShape(first) }),
      sysctls: this.#sysctls,
      namespaces: listed,
      ...(guests.length === 0 ? {} : { hostPods: guests }),
    };
  }

  #readSysctls(names: readonly string[]): Record<string, string | null> {
    const [own] = this.#request.watched();
    return Object.fromEntries(names.map((name) => [name, own?.sysctl(name)?.trim() ?? null]));
  }

  /** The node's own namespace also holds pods' processes (hostNetwork), so a pod is taken only when it has its own. */
  #withPod(dump: NamespaceDump, nodeInode: number | undefined): ReadNamespace {
    const { pods } = this.#request;
    const found = this.#found.get(dump.inode);
    const isWatched = this.#ids.has(dump.inode);
    if (isWatched && dump.inode === nodeInode) return { dump, pod: null, isPod: false };
    const byUid = podByUid(found, pods);
    const isWired = isWatched || this.#peers.has(dump.inode);
    const pod = byUid ?? (isWired ? podByAddresses(dump, pods) : null);
    return { dump, pod, isPod: pod !== null || (!isWatched && found?.podUids.size === 1) };
  }
}
