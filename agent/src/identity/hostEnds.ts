import type { Evidence } from '../../../src/model/endpoint.ts';
import { unknownEndpoint } from '../../../src/model/endpoint.ts';
import { KEY } from '../collector/flowLayout.ts';
import { evidenceOf, joinedEvidence, nameOf, only, podEndpoint, unlistedPod } from './endpoints.ts';
import type { Identity } from './identity.ts';
import type { IdentityCache } from './identityCache.ts';
import type { Question } from './question.ts';
import type { Answer, SocketClues, SocketOwner, SocketOwners } from './socketOwners.ts';

/** What the kernel calls itself where a process would be named. */
const KERNEL = 'kernel';

/** IGMP, IP in IP, IPv6 in IP, GRE, ESP and AH. */
const KERNEL_PROTOCOLS = new Set([2, 4, 41, 47, 50, 51]);

const BY_ADDRESS = evidenceOf('node-ip');
const BY_KERNEL = evidenceOf('kernel');

/** The node that an address is of. */
export interface HostNode {
  readonly address: string;
  readonly name: string;
  /** What the address alone says; asked only where nothing else is known. */
  bare(): Identity;
}

/** Names ends at an address of the node itself, which its pods with hostNetwork and its processes share. */
export class HostEnds {
  tunnelPorts: ReadonlySet<number> = new Set();
  readonly #owners: SocketOwners | null;
  readonly #cache: IdentityCache;

  constructor(owners: SocketOwners | null, cache: IdentityCache) {
    this.#owners = owners;
    this.#cache = cache;
  }

  /**
   * @param isForwarded whether what comes to the port goes elsewhere (NodePort, hostPort)
   */
  identify(node: HostNode, question: Question, isForwarded: boolean): Identity {
    const { socket, netns, protocol } = question;
    if (this.#owners === null || socket === null) return node.bare();
    if (this.#isKernels(question, socket)) return this.#process(node, KERNEL, BY_KERNEL);
    const hasSockets = protocol === 'tcp' || protocol === 'udp';
    const { ownership, pending }: Answer = this.#owners.ownerOf(socket, netns, isForwarded || !hasSockets);
    if (ownership === null) return withPending(node.bare(), pending);
    const [owner] = ownership.owners;
    if (ownership.certain && owner !== undefined) {
      return this.#named(node, owner, joinedEvidence(ownership.evidence, BY_ADDRESS), pending);
    }
    const candidates = ownership.owners.map(ownerName).sort();
    const { endpoint } = node.bare();
    const evidence = joinedEvidence(endpoint.evidence, ownership.evidence);
    return only({ ...endpoint, evidence, candidates }, pending);
  }

  #named(node: HostNode, owner: SocketOwner, evidence: readonly Evidence[], pending: boolean): Identity {
    return withPending(this.#owner(node, owner, evidence), pending);
  }

  #owner(node: HostNode, owner: SocketOwner, evidence: readonly Evidence[]): Identity {
    const { address } = node;
    if (owner.kind === 'kernel') return this.#process(node, KERNEL, joinedEvidence(BY_KERNEL, evidence));
    if (owner.kind === 'process') return this.#process(node, owner.name, evidence);
    const { uid, pod, container } = owner;
    if (pod === null) {
      return this.#cache.ofUnlisted(address, evidence, uid, () => ({
        ...unlistedPod(uid, address, evidence),
        node: node.name,
      }));
    }
    return this.#cache.ofPod(pod, address, evidence, container, () => {
      const endpoint = podEndpoint(pod, address, evidence);
      return { ...endpoint, container: container ?? endpoint.container };
    });
  }

  #process({ address, name: node }: HostNode, name: string | null, evidence: readonly Evidence[]): Identity {
    return this.#cache.ofProcess(address, evidence, name, () => ({
      ...unknownEndpoint(address),
      kind: 'process',
      name,
      node,
      evidence,
    }));
  }

  /**
   * What has no owner among processes, although its packets may carry a socket: a tunnel's outer packets have that of who
   * sent the inner one, and echo replies one that made the namespace.
   */
  #isKernels({ protocol, port }: Question, { end, opened }: SocketClues): boolean {
    if (protocol === 'icmp' || protocol === 'icmpv6') return opened === false;
    if (protocol === 'other') return KERNEL_PROTOCOLS.has(end.view.getUint8(end.offset + KEY.protocol));
    if (protocol !== 'udp') return false;
    const otherPort = end.view.getUint16(end.offset + (end.high ? KEY.lowPort : KEY.highPort), true);
    return this.tunnelPorts.has(port) || this.tunnelPorts.has(otherPort);
  }
}

function withPending(identity: Identity, pending: boolean): Identity {
  return pending ? { ...identity, pending } : identity;
}

function ownerName(owner: SocketOwner): string {
  if (owner.kind === 'kernel') return KERNEL;
  if (owner.kind === 'process') return owner.name ?? 'a process of the node';
  const name = owner.pod === null ? `pod ${owner.uid}` : nameOf(owner.pod);
  return owner.container === null ? name : `${name} ${owner.container}`;
}
