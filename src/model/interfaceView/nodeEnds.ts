import ipaddr from 'ipaddr.js';
import type { Endpoint } from '../endpoint.ts';
import type { Protocol } from '../flow.ts';
import { addressOf, isLoopback } from '../path/addresses.ts';
import type { Topology, TunnelFacts } from '../topology.ts';
import type { AddressRange } from './podRanges.ts';
import { isInRange, rangesOfOtherPods, rangesOfOwnPods } from './podRanges.ts';

/**
 * What an end of a conversation is to a node: a pod with a network of its own here or on another node, the node's own network
 * (processes, hostNetwork pods), a Service's address, or anything else.
 */
export type EndPlace = 'pod' | 'node' | 'other-pod' | 'service' | 'elsewhere';

/** Everyone on a link, one on a link (or nobody), or anybody: IPv4's link-local addresses are routed, for metadata and name servers. */
export type AddressScope = 'everyone' | 'link' | 'anywhere';

/** What is known of an end beside its address. */
export type EndFacts = Pick<Endpoint, 'address' | 'kind' | 'node' | 'evidence'>;

/** Tells of addresses what they are to one node, by its wiring as it is now. */
export class NodeEnds {
  readonly #node: string;
  readonly #own = new Set<string>();
  /** Inode of the namespace by a pod's address. */
  readonly #pods = new Map<string, number>();
  readonly #ownRanges: readonly AddressRange[];
  readonly #otherRanges: readonly AddressRange[];
  readonly #broadcasts: ReadonlySet<string>;
  readonly #tunnels: readonly TunnelFacts[];
  readonly #places = new Map<string, EndPlace>();
  readonly #scopes = new Map<string, AddressScope>();

  constructor(topology: Topology) {
    this.#node = topology.node;
    const [own] = topology.namespaces;
    const pods = own?.interfaces.filter(({ role }) => role === 'pod-veth') ?? [];
    const wired = new Set(pods.map(({ peer }) => peer?.netns));
    for (const { inode, interfaces } of topology.namespaces) {
      for (const address of interfaces.flatMap(({ addresses }) => addresses.map(addressOf))) {
        if (inode === own?.inode) this.#own.add(address);
        else if (wired.has(inode) && !isLoopback(address)) this.#pods.set(address, inode);
      }
    }
    this.#ownRanges = own === undefined ? [] : rangesOfOwnPods(own);
    this.#otherRanges = own === undefined ? [] : rangesOfOtherPods(own);
    this.#broadcasts = new Set(this.#ownRanges.flatMap(broadcastOf));
    const tunnels = own?.interfaces.filter(({ role }) => role === 'tunnel') ?? [];
    this.#tunnels = tunnels.flatMap(({ tunnel }) => tunnel ?? []);
  }

  placeOf(end: EndFacts): EndPlace {
    const key = `${end.address} ${end.kind} ${end.node} ${hasOwnAddress(end)}`;
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    const place = this.#place(end);
    this.#places.set(key, place);
    return place;
  }

  placeOfAddress(address: string): EndPlace {
    return this.placeOf({ address, kind: 'unknown', node: null, evidence: ['none'] });
  }

  /** Whether both addresses are of one pod. */
  isSamePod(one: string, other: string): boolean {
    const netns = this.#pods.get(one);
    return one === other || (netns !== undefined && netns === this.#pods.get(other));
  }

  scopeOf(address: string): AddressScope {
    const known = this.#scopes.get(address);
    if (known !== undefined) return known;
    const scope = this.#broadcasts.has(address) ? 'everyone' : scopeOf(address);
    this.#scopes.set(address, scope);
    return scope;
  }

  /** Whether packets of the node with these ports are those of one of its tunnels. */
  isTunnels(protocol: Protocol, ports: readonly number[]): boolean {
    return this.#tunnels.some(({ port }) =>
      port === null ? protocol === 'other' : protocol === 'udp' && ports.includes(port),
    );
  }

  #place(end: EndFacts): EndPlace {
    const { address, kind, node } = end;
    if (isLoopback(address) || this.#own.has(address)) return 'node';
    if (this.#pods.has(address)) return 'pod';
    if (kind === 'service') return 'service';
    // A pod that is gone, or that another node has.
    if (hasOwnAddress(end) && node !== null) return node === this.#node ? 'pod' : 'other-pod';
    if (kind === 'node' || kind === 'process') return 'elsewhere';
    if (this.#ownRanges.some((range) => isInRange(address, range))) return 'pod';
    return this.#otherRanges.some((range) => isInRange(address, range)) ? 'other-pod' : 'elsewhere';
  }
}

/** A hostNetwork pod's address is its node's. */
function hasOwnAddress({ kind, evidence }: EndFacts): boolean {
  return kind === 'pod' && (evidence.includes('pod-ip') || evidence.includes('veth'));
}

function scopeOf(address: string): AddressScope {
  if (!ipaddr.isValid(address)) return 'anywhere';
  const parsed = ipaddr.parse(address);
  const range = parsed.range();
  if (range === 'multicast' || range === 'broadcast') return 'everyone';
  const isForLink = range === 'unspecified' || (range === 'linkLocal' && parsed.kind() === 'ipv6');
  return isForLink ? 'link' : 'anywhere';
}

function broadcastOf({ network, length }: AddressRange): string[] {
  if (network.kind() !== 'ipv4' || length > 30) return [];
  return [ipaddr.IPv4.broadcastAddressFromCIDR(`${network.toString()}/${length}`).toString()];
}
