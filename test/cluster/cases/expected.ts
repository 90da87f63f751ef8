/** What each agent's row must say of a connection, put together from kubectl, conntrack and ss. */
import { formatSocketAddress } from '../../../src/model/socketAddress.ts';
import type { ConntrackEnds } from '../../lab/truth/connections.ts';
import type { NodeName } from '../cluster.ts';
import type { ClusterState } from './clusterState.ts';
import { isSame } from './tracked.ts';
import type { TrackedPath, TrackedView } from './tracked.ts';

/** A connection as the cluster has it. */
export interface Facts {
  /** Owners of the two sockets, as Sockets.ownerOf() has them. */
  readonly client: string;
  readonly server: string;
  readonly path: TrackedPath;
}

export interface ExpectedRow {
  readonly agent: NodeName;
  /** Every tuple that the connection has on this node: a row of any of them is a row of the connection. */
  readonly tuples: readonly ConntrackEnds[];
  readonly client: ExpectedEnd;
  readonly server: ExpectedEnd;
  /** `NAMESPACE/NAME` of the Service that was asked here. */
  readonly service: string | null;
  readonly nat: readonly string[];
}

export interface ExpectedEnd {
  readonly address: string;
  readonly port: number;
  /** Who it is, or `node NAME` where this agent can know no more than whose address it is. */
  readonly name: string;
  /** All who must be given, where nobody can be named. */
  readonly candidates: readonly string[];
}

/** One for each node that the connection passes. @param namespace of the Services that may be asked */
export function expectedRows(facts: Facts, state: ClusterState, namespace: string): ExpectedRow[] {
  const { path, client, server } = facts;
  return path.views.map((view) => {
    const { node, original, translated } = view;
    const source = { address: original.source, port: original.sourcePort };
    const destination = { address: translated.destination, port: translated.destinationPort };
    const isSource = original.source === path.views[0]?.original.source;
    const isDestination = isSame({ ...path.final, source: '', sourcePort: 0 }, target(translated));
    return {
      agent: node,
      tuples: [original, plainOf(view), translated],
      client: { ...source, ...nameAt(state, node, source.address, isSource, client) },
      server: { ...destination, ...nameAt(state, node, destination.address, isDestination, server) },
      service: serviceAt(state, namespace, original),
      nat: translationsOf(view, state),
    };
  });
}

/** @param agent the node that looks @param isItself whether who it is has this address, rather than being behind a translation */
function nameAt(
  state: ClusterState,
  agent: NodeName,
  address: string,
  isItself: boolean,
  name: string,
): Pick<ExpectedEnd, 'name' | 'candidates'> {
  const [node, tunnel] = [state.nodeAt(address), state.tunnelOf(address)];
  const known = (text: string) => ({ name: text, candidates: [] });
  // Whose socket it is at the address of another node is known on that node only.
  if (node !== null && (node !== agent || !isItself)) return known(`node ${node}`);
  if (tunnel !== null && tunnel !== agent) return { name: 'unknown ?', candidates: [`node ${tunnel}`] };
  const ciliumHost = state.ciliumHostOf(address);
  if (ciliumHost !== null && (ciliumHost !== agent || !isItself)) return known(`node ${ciliumHost}`);
  const isContainerKnown = state.hasOneContainer(name) || state.nodeOf(name) === agent;
  return known(isContainerKnown ? name : name.replace(/[^/]*$/, '?'));
}

function target({ destination, destinationPort }: ConntrackEnds): ConntrackEnds {
  return { source: '', sourcePort: 0, destination, destinationPort };
}

/** The client and who answers it, as one tuple. */
function plainOf({ original, translated }: TrackedView): ConntrackEnds {
  const { destination, destinationPort } = translated;
  return { ...original, destination, destinationPort };
}

function serviceAt(state: ClusterState, namespace: string, asked: ConntrackEnds): string | null {
  const { destination, destinationPort } = asked;
  const isNode = state.nodeAt(destination) !== null;
  const found = state
    .servicesOf(namespace)
    .find(({ spec }) =>
      spec.ports?.some(({ port, nodePort }) =>
        isNode ? nodePort === destinationPort : spec.clusterIP === destination && port === destinationPort,
      ),
    );
  return found === undefined ? null : `${namespace}/${found.metadata.name}`;
}

function translationsOf({ original, translated }: TrackedView, state: ClusterState): string[] {
  const asked = formatSocketAddress(original.destination, original.destinationPort);
  const answers = formatSocketAddress(translated.destination, translated.destinationPort);
  const before = formatSocketAddress(original.source, original.sourcePort);
  const after = formatSocketAddress(translated.source, translated.sourcePort);
  const kind = state.isOfNode(translated.source) ? 'masquerade' : 'snat';
  return [
    ...(asked === answers ? [] : [`dnat ${asked} to ${answers}`]),
    ...(before === after ? [] : [`${kind} ${before} to ${after}`]),
  ];
}
