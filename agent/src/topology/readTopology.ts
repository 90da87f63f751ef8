import { release } from 'node:os';
import type { Link, NetworkNamespace } from '../../native/index.d.ts';
import type {
  InterfaceTopology,
  NamespaceTopology,
  PodReference,
  Topology,
} from '../../../src/model/topology.ts';
import type { Addon } from '../collector/addon.ts';
import { codeOf } from '../failure.ts';
import { interfaceRole } from './interfaceRole.ts';
import type { FoundNamespace } from './processNamespaces.ts';
import { findNamespaces, namespaceInode, UNREACHABLE } from './processNamespaces.ts';
import { linkFacts } from './linkFacts.ts';
import type { NamespaceDump } from './readNamespace.ts';
import { dumpNamespace, forwardingOf, neighboursOf, statisticsOf } from './readNamespace.ts';
import { routesOf, rulesOf } from './readRoutes.ts';

/** Finds pods for namespaces; the inventory answers. */
export interface PodFinder {
  podByUid(uid: string): (PodReference & { readonly hostNetwork: boolean }) | null;
  /** The one pod that has this address now and is not on the host's network. */
  podByAddress(address: string): PodReference | null;
}

export interface TopologyRequest {
  readonly addon: Addon;
  readonly node: string;
  /** Namespaces that are watched, the node's own first. */
  readonly watched: readonly NetworkNamespace[];
  readonly pods: PodFinder;
  isAttached(netnsInode: number, ifindex: number): boolean;
}

/** Sysctls that change what can be seen. */
const SYSCTLS = [
  'net/bridge/bridge-nf-call-iptables',
  'net/bridge/bridge-nf-call-ip6tables',
  'net/ipv4/ip_forward',
  'net/ipv4/conf/all/rp_filter',
  'net/ipv6/conf/all/forwarding',
];

interface ReadNamespace {
  readonly dump: NamespaceDump;
  readonly pod: PodReference | null;
  /** Whether it is some pod's, known by name or not. */
  readonly isPod: boolean;
}

/** Reads the node's wiring: the watched namespaces, those at the other end of their veths, and pods' namespaces. */
export function readTopology(request: TopologyRequest): Topology {
  const found = findNamespaces();
  const nodeInode = namespaceInode('/proc/1/ns/net');
  const watched = new Map(request.watched.map((namespace) => [namespace.inode, namespace]));
  /** By the inode of a watched namespace: the inode behind each of its namespace ids. */
  const byId = new Map<number, Map<number, number>>([...watched.keys()].map((inode) => [inode, new Map()]));
  const namespaces = new Map<number, ReadNamespace>();

  for (const namespace of request.watched) {
    const dump = dumpNamespace(namespace);
    const pod =
      namespace.inode === nodeInode ? null : podOfWatched(dump, found.get(namespace.inode), request.pods);
    namespaces.set(namespace.inode, { dump, pod, isPod: pod !== null });
  }
  for (const other of found.values()) {
    readOther(request, other, watched, byId, namespaces);
  }
  const listed = [...namespaces.values()];
  return {
    node: request.node,
    kernel: release(),
    sysctls: readSysctls(request.watched[0]),
    namespaces: listed.map((read) => namespaceTopology(read, namespaces, byId.get(read.dump.inode), request)),
  };
}

/** Opens a namespace only for as long as it is read: an open handle would keep a deleted pod's namespace alive. */
function readOther(
  request: TopologyRequest,
  other: FoundNamespace,
  watched: ReadonlyMap<number, NetworkNamespace>,
  byId: ReadonlyMap<number, Map<number, number>>,
  namespaces: Map<number, ReadNamespace>,
): void {
  let handle: NetworkNamespace | undefined;
  try {
    handle = new request.addon.NetworkNamespace(other.path);
    if (handle.inode !== other.inode) return;
    let isPeer = false;
    for (const [inode, namespace] of watched) {
      const id = namespace.idOf(handle);
      if (id < 0) continue;
      byId.get(inode)?.set(id, other.inode);
      isPeer = true;
    }
    if (watched.has(other.inode) || (!isPeer && other.podUids.size !== 1)) return;
    const dump = dumpNamespace(handle);
    const pod = podByUid(other, request.pods) ?? (isPeer ? podByAddresses(dump, request.pods) : null);
    namespaces.set(other.inode, { dump, pod, isPod: pod !== null || other.podUids.size === 1 });
  } catch (error) {
    if (!UNREACHABLE.has(codeOf(error))) throw error;
  } finally {
    handle?.close();
  }
}

/** The node's own namespace also holds pods' processes (hostNetwork), so a pod is taken only when it has its own. */
function podOfWatched(
  dump: NamespaceDump,
  found: FoundNamespace | undefined,
  pods: PodFinder,
): PodReference | null {
  return podByUid(found, pods) ?? podByAddresses(dump, pods);
}

/** The pod whose processes, and no other's, live there. */
function podByUid(found: FoundNamespace | undefined, pods: PodFinder): PodReference | null {
  const [uid, ...others] = found?.podUids ?? [];
  const pod = uid === undefined || others.length > 0 ? null : pods.podByUid(uid);
  return pod === null || pod.hostNetwork ? null : reference(pod);
}

/** Only for what is wired to the node: elsewhere on the machine another node may give its pods the same addresses. */
function podByAddresses(dump: NamespaceDump, pods: PodFinder): PodReference | null {
  const found = new Map<string, PodReference>();
  for (const address of [...dump.addresses.values()].flat()) {
    const pod = pods.podByAddress(address.slice(0, address.lastIndexOf('/')));
    if (pod !== null) found.set(pod.uid, pod);
  }
  const [pod, ...others] = found.values();
  return pod === undefined || others.length > 0 ? null : reference(pod);
}

function reference({ namespace, name, uid }: PodReference): PodReference {
  return { namespace, name, uid };
}

function readSysctls(namespace: NetworkNamespace | undefined): Record<string, string | null> {
  return Object.fromEntries(SYSCTLS.map((name) => [name, namespace?.sysctl(name)?.trim() ?? null]));
}

function namespaceTopology(
  read: ReadNamespace,
  namespaces: ReadonlyMap<number, ReadNamespace>,
  ids: ReadonlyMap<number, number> | undefined,
  request: TopologyRequest,
): NamespaceTopology {
  const { dump } = read;
  const rules = rulesOf(dump.rules);
  return {
    inode: dump.inode,
    path: dump.path,
    pod: read.pod,
    interfaces: dump.links.map((link) => interfaceTopology(link, read, namespaces, ids, request)),
    routes: routesOf(dump.routes),
    ...(rules === undefined ? {} : { rules }),
    neighbours: neighboursOf(dump),
    fdb: forwardingOf(dump),
    sockets: [],
  };
}

function interfaceTopology(
  link: Link,
  { dump, pod }: ReadNamespace,
  namespaces: ReadonlyMap<number, ReadNamespace>,
  ids: ReadonlyMap<number, number> | undefined,
  request: TopologyRequest,
): InterfaceTopology {
  const peerNetns = link.linkNetnsid < 0 ? dump.inode : ids?.get(link.linkNetnsid);
  const peerNamespace = peerNetns === undefined ? undefined : namespaces.get(peerNetns);
  const isVeth = link.kind === 'veth' && link.link !== 0;
  const peerLink = isVeth
    ? peerNamespace?.dump.links.find((other) => other.ifindex === link.link)
    : undefined;
  const crosses = isVeth && peerNetns !== dump.inode;
  const peerPod = crosses ? (peerNamespace?.pod ?? null) : null;
  return {
    ifindex: link.ifindex,
    name: link.name,
    kind: link.kind,
    role: interfaceRole(link, {
      routes: dump.routes,
      peerIsPod: crosses && pod === null && (peerNamespace?.isPod ?? false),
    }),
    mac: link.mac,
    mtu: link.mtu,
    state: link.state,
    master: link.master === 0 ? null : link.master,
    peer:
      peerLink === undefined || peerNetns === undefined
        ? null
        : { netns: peerNetns, ifindex: peerLink.ifindex, name: peerLink.name },
    ...linkFacts(link),
    addresses: dump.addresses.get(link.ifindex) ?? [],
    pod: pod ?? peerPod,
    attached: request.isAttached(dump.inode, link.ifindex),
    promiscuous: link.promiscuity > 0,
    statistics: statisticsOf(link),
  };
}
