/** Checks of every row that the agents showed, whosever connection it is. */
import type { Connection } from '../../lab/truth/connections.ts';
import type { ClusterState, PodFacts } from './clusterState.ts';
import { addressesOf } from './clusterState.ts';
import { fault } from './judge.ts';
import type { Fault } from './judge.ts';
import type { ObservedRows, Row, RowEnd } from './observedRows.ts';
import { shownText } from './shown.ts';

/** Every state that every row was in. */
export function auditNames(observed: ObservedRows, state: ClusterState): Fault[] {
  return observed.rows.flatMap((row) =>
    [...observed.earlier(row), row].flatMap((each) => [
      ...impossible(each.client, state),
      ...impossible(each.server, state),
    ]),
  );
}

/** Rows whose initiator is certain, where conntrack has the connection the other way round. */
export function auditDirections(observed: ObservedRows, tracked: readonly Connection[]): Fault[] {
  const opened = new Set(
    tracked.map(({ protocol, original }) => {
      const { source, sourcePort, destination, destinationPort } = original;
      return [protocol, source, sourcePort, destination, destinationPort].join();
    }),
  );
  return observed.rows.flatMap(({ protocol, client, server, initiator }) => {
    const there = [protocol, client.address, client.port, server.address, server.port].join();
    const back = [protocol, server.address, server.port, client.address, client.port].join();
    const isTurned = initiator === 'certain' && opened.has(back) && !opened.has(there);
    return isTurned ? [fault('guessed as certain', `the client of ${there}`)] : [];
  });
}

/** A pod that the API does not have under this uid, or that never had this address or this container. */
function impossible(end: RowEnd, state: ClusterState): Fault[] {
  if (end.kind !== 'pod' || end.name === null) return [];
  const pod = end.uid === null ? null : state.pod(end.uid);
  if (pod === null) return [fault('wrong name', `${shownText(end)}: no such pod`)];
  const { name, namespace } = pod.metadata;
  const isIt = name === end.name && namespace === end.namespace && hasContainer(pod, end.container);
  const isThere =
    addressesOf(pod).includes(end.address) || isItsNodes(pod, end.address, state) || isOfItself(end.address);
  return isIt && isThere ? [] : [fault('wrong name', `${shownText(end)} at ${end.address}`)];
}

/** hostNetwork pods have every address of their node, that of its bridge among them. */
function isItsNodes(pod: PodFacts, address: string, state: ClusterState): boolean {
  return pod.spec.hostNetwork === true && state.isOfNode(address);
}

/** Loopback, link-local and unspecified addresses, which the API has of no pod. */
function isOfItself(address: string): boolean {
  return /^(127\.|169\.254\.|fe80:|::1?$)/.test(address);
}

function hasContainer(pod: PodFacts, container: string | null): boolean {
  return container === null || pod.spec.containers.some(({ name }) => name === container);
}

/** Rows of one agent that are the same conversation at the same time. */
export function auditDoubles(observed: ObservedRows): Fault[] {
  const seen = new Map<string, Row>();
  return observed.rows.filter(hasOwnKey).flatMap((row) => {
    const ends = [row.client, row.server].map(({ address, port }) => `${address} ${port}`).sort();
    const key = [row.protocol, ...ends].join();
    const other = seen.get(key);
    seen.set(key, row);
    const isDouble = other !== undefined && row.start < other.end && other.start < row.end;
    return isDouble ? [fault('double', `${key} in rows ${countText(other)} and ${countText(row)}`)] : [];
  });
}

/**
 * Of ICMP other than echo each type and code is a flow of its own, and a row does not say which. Between Cilium's nodes and pods
 * there are two at once: port unreachable, and redirects of forwarded answers, which netfilter drops (nf_nat_proto.c).
 */
function hasOwnKey({ protocol, client, server }: Row): boolean {
  return !protocol.startsWith('icmp') || client.port !== 0 || server.port !== 0;
}

function countText({ id, verdict, sent, received, start, end }: Row): string {
  const times = [start, end].map((at) => new Date(at).toISOString()).join(' to ');
  return `${id} (${verdict}, ${sent.packets} and ${received.packets} packets, ${times})`;
}
