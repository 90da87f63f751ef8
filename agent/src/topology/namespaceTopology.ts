import type { Link } from '../../native/index.d.ts';
import type { InterfaceTopology, NamespaceTopology, PodReference } from '../../../src/model/topology.ts';
import { interfaceRole } from './interfaceRole.ts';
import { linkFacts } from './linkFacts.ts';
import type { NamespaceDump } from './readNamespace.ts';
import { forwardingOf, neighboursOf, statisticsOf } from './readNamespace.ts';
import { routesOf, rulesOf } from './readRoutes.ts';

/** A namespace that was read, and whose it is. */
export interface ReadNamespace {
  readonly dump: NamespaceDump;
  readonly pod: PodReference | null;
  /** Whether it is some pod's, known by name or not. */
  readonly isPod: boolean;
}

/** What is known beside one namespace. */
export interface Surroundings {
  readonly namespaces: ReadonlyMap<number, ReadNamespace>;
  /** Inode behind each id that the namespace has for another. */
  readonly ids: ReadonlyMap<number, number> | undefined;
  isAttached(netnsInode: number, ifindex: number): boolean;
}

export function namespaceTopology(read: ReadNamespace, surroundings: Surroundings): NamespaceTopology {
  const { dump } = read;
  const rules = rulesOf(dump.rules);
  return {
    inode: dump.inode,
    path: dump.path,
    pod: read.pod,
    interfaces: dump.links.map((link) => interfaceTopology(link, read, surroundings)),
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
  surroundings: Surroundings,
): InterfaceTopology {
  const { namespaces, ids } = surroundings;
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
    attached: surroundings.isAttached(dump.inode, link.ifindex),
    promiscuous: link.promiscuity > 0,
    statistics: statisticsOf(link),
  };
}
