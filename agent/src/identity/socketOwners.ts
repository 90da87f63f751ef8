import type { Evidence } from '../../../src/model/endpoint.ts';
import type { CgroupTree } from '../cgroups/cgroupTree.ts';
import type { PodContainer } from '../cgroups/podCgroup.ts';
import { podsOfCgroupPath } from '../cgroups/podCgroup.ts';
import { unitOfCgroupPath } from '../cgroups/unit.ts';
import type { SocketHolders } from '../sockets/socketHolder.ts';
import type { FoundSocket, KeyEnd } from '../sockets/socketTable.ts';
import type { SocketWatch } from '../sockets/socketWatch.ts';
import { evidenceOf, joinedEvidence } from './endpoints.ts';
import type { InventoryStore } from './inventoryStore.ts';
import type { StoredPod } from './storedObjects.ts';

/** What a flow tells of the socket at one of its ends. */
export interface SocketClues {
  readonly end: KeyEnd;
  /** Id of the cgroup of the socket that sent this end's packets, 0 where no packet carried one. */
  readonly cgroup: number;
  /** Those of other sockets that sent as this end. */
  readonly others: readonly number[];
  /** Whether this end began the conversation; null where that was not seen. */
  readonly opened: boolean | null;
  /** Wall times of the flow's first and last packet, milliseconds. */
  readonly first: number;
  readonly last: number;
}

/** Who made a socket. */
export type SocketOwner =
  | {
      readonly kind: 'pod';
      readonly uid: string;
      readonly pod: StoredPod | null;
      readonly container: string | null;
    }
  /** A process of the node: its unit, else its command; null where neither is known. `held`: by who holds the socket. */
  | { readonly kind: 'process'; readonly name: string | null; readonly held: boolean }
  | { readonly kind: 'kernel' };

/** What is known of the owner of an end. */
export interface Ownership {
  /** One owner, or all who could be meant. */
  readonly owners: readonly SocketOwner[];
  /** An array of evidenceOf(). */
  readonly evidence: readonly Evidence[];
  /** Whether the one owner is a fact. */
  readonly certain: boolean;
}

/** A look at sockets, with whether a later one may tell more. */
export interface Answer {
  readonly ownership: Ownership | null;
  readonly pending: boolean;
}

/** The root of cgroup v2: kernel threads, and every process of a machine that makes no groups. */
const ROOT = 1;

/** Cgroups whose place is remembered. */
const MOST_PLACES = 100_000;

/** What a cgroup's path says. */
interface Place {
  /** The innermost first. */
  readonly pods: readonly PodContainer[];
  readonly unit: string | null;
}

/** Says whose sockets the ends of flows are. */
export class SocketOwners {
  readonly #cgroups: CgroupTree;
  readonly #sockets: SocketWatch;
  readonly #holders: SocketHolders;
  readonly #inventory: InventoryStore;
  /** By cgroup id. */
  readonly #places = new Map<number, Place>();

  constructor(cgroups: CgroupTree, sockets: SocketWatch, holders: SocketHolders, inventory: InventoryStore) {
    this.#cgroups = cgroups;
    this.#sockets = sockets;
    this.#holders = holders;
    this.#inventory = inventory;
  }

  /**
   * The owner of an end in a namespace: by the cgroup that its packets carried, else by the socket that is connected as
   * the flow is, else by those that take what comes to its port.
   * @param netns inode of the namespace that the socket is in
   * @param isForwarded whether what comes to this port goes elsewhere (NodePort, hostPort), whoever is bound to it
   */
  ownerOf(clues: SocketClues, netns: number, isForwarded: boolean): Answer {
    if (clues.others.length > 0) return this.#ofSeveral([clues.cgroup, ...clues.others]);
    const bySender = this.#ofCgroup(clues.cgroup);
    if (bySender !== null && isNamed(bySender)) return known([bySender], BY_CGROUP);
    const byConnection = this.#byConnection(clues, netns);
    if (byConnection !== null && byConnection.ownership !== null) return byConnection;
    // Some process of the node, and no pod's: all that is known until its socket is found.
    const unnamed = bySender !== null && clues.cgroup > ROOT ? bySender : null;
    const byPort = isForwarded ? UNKNOWN : this.#byPort(clues, netns);
    if (byPort.ownership !== null) return byPort;
    const pending = byPort.pending || byConnection?.pending === true || this.#cgroups.mayLearn(clues.cgroup);
    if (unnamed !== null) return { ...known([unnamed], BY_CGROUP), pending };
    return { ownership: null, pending };
  }

  /** The pod and container that made the packets' socket; null where it was no pod's, or is not known. */
  senderOf(cgroup: number): (SocketOwner & { kind: 'pod' }) | null {
    const owner = this.#ofCgroup(cgroup);
    return owner?.kind === 'pod' ? owner : null;
  }

  /** Whether a pod of this uid has cgroups, so that it is not gone. */
  isAlive(podUid: string): boolean {
    return this.#cgroups.hasPod(podUid);
  }

  /** Whether a cgroup that is not known now may be later. */
  mayLearn(cgroup: number): boolean {
    return this.#cgroups.mayLearn(cgroup);
  }

  #ofSeveral(cgroups: readonly number[]): Answer {
    const owners = distinct(cgroups.flatMap((id) => this.#ofCgroup(id) ?? []));
    const certain = owners.length === 1 && cgroups.every((id) => this.#ofCgroup(id) !== null);
    const pending = cgroups.some((id) => this.#cgroups.mayLearn(id));
    return { ownership: owners.length === 0 ? null : { owners, evidence: BY_CGROUP, certain }, pending };
  }

  #byConnection(clues: SocketClues, netns: number): Answer | null {
    const table = this.#sockets.table(netns);
    const socket = table?.connected(clues.end) ?? null;
    if (socket === null) return null;
    const owner = this.#ofSocket(socket, netns, table?.began ?? 0);
    if (owner === undefined) return { ownership: null, pending: true };
    return owner === null ? null : known([owner], withProcess(BY_SOCKET, owner));
  }

  #byPort(clues: SocketClues, netns: number): Answer {
    const table = this.#sockets.table(netns);
    // A table from before the flow says nothing of what was opened since.
    const isLater = table !== null && table.began >= clues.first;
    if (!isLater) this.#sockets.want(netns);
    const pending = !isLater && this.#sockets.available;
    if (table === null) return { ownership: null, pending };
    const sockets = table.bound(clues.end).filter(({ cgroup }) => fits(cgroup, clues.cgroup));
    const found: SocketOwner[] = [];
    let certain = isLater;
    for (const socket of sockets) {
      const since = this.#sockets.since(netns, socket.cookie);
      const owner = this.#ofSocket(socket, netns, table.began);
      if (owner === undefined) return { ownership: null, pending: this.#sockets.available };
      if (owner !== null) found.push(owner);
      else certain = false;
      // Whoever took the port only after the flow's last packet is not who got it.
      if (since > clues.last) certain = false;
    }
    const owners = distinct(found);
    if (owners.length === 0) return { ownership: null, pending };
    const [one, ...others] = owners;
    const evidence = one === undefined || others.length > 0 ? BY_LISTENER : withProcess(BY_LISTENER, one);
    certain &&= owners.length === 1;
    // It may send again while the same socket is there.
    const open = owners.length === 1 && !certain;
    if (open && clues.last > table.ended) this.#sockets.want(netns);
    return { ownership: { owners, evidence, certain }, pending: pending || open };
  }

  /**
   * @param listed when the socket's table was read
   * @returns null for a cgroup that is not of this node, undefined where a later look may tell
   */
  #ofSocket(socket: FoundSocket, netns: number, listed: number): SocketOwner | null | undefined {
    const owner = this.#ofCgroup(socket.cgroup);
    if (owner === null) return this.#cgroups.mayLearn(socket.cgroup) ? undefined : null;
    if (isNamed(owner)) return owner;
    const holder = this.#holders.find(socket.inode, socket.cookie, this.#cgroups.processes(socket.cgroup));
    if (holder === undefined) return undefined;
    if (holder.pid !== null) return { kind: 'process', name: holder.command, held: true };
    if (listed > holder.at) return { kind: 'kernel' };
    // Only what is there after nobody had it is the kernel's.
    this.#sockets.want(netns);
    return undefined;
  }

  /** Null for a cgroup that is not known. */
  #ofCgroup(id: number): SocketOwner | null {
    const place = id === 0 ? null : this.#placeOf(id);
    if (place === null) return null;
    // The innermost that is known: a node may itself run in a pod, of a cluster that is not ours or that we look at.
    for (const { podUid, containerId } of place.pods) {
      const found = this.#inventory.containers.find(podUid, containerId);
      if (found !== null) {
        return { kind: 'pod', uid: found.pod.metadata.uid, pod: found.pod, container: found.container };
      }
    }
    const pod = place.pods.at(-1);
    if (pod !== undefined) return { kind: 'pod', uid: pod.podUid, pod: null, container: null };
    return { kind: 'process', name: place.unit, held: false };
  }

  #placeOf(id: number): Place | null {
    const known = this.#places.get(id);
    if (known !== undefined) return known;
    const path = this.#cgroups.path(id);
    if (path === undefined) return null;
    const place = { pods: podsOfCgroupPath(path).reverse(), unit: unitOfCgroupPath(path) };
    if (this.#places.size >= MOST_PLACES) this.#places.clear();
    this.#places.set(id, place);
    return place;
  }
}

const BY_CGROUP = evidenceOf('cgroup');
const BY_SOCKET = evidenceOf('socket');
const BY_LISTENER = evidenceOf('listener');
const BY_PROCESS = evidenceOf('process');
const UNKNOWN: Answer = { ownership: null, pending: false };

function known(owners: readonly SocketOwner[], evidence: readonly Evidence[]): Answer {
  return { ownership: { owners, evidence, certain: true }, pending: false };
}

function isNamed(owner: SocketOwner): boolean {
  return owner.kind !== 'process' || owner.name !== null;
}

/** A sender's cgroup tells which of several sockets it was; the root's may be the kernel's own, which sends resets. */
function fits(cgroup: number, sender: number): boolean {
  return sender <= ROOT || cgroup === sender;
}

function withProcess(evidence: readonly Evidence[], owner: SocketOwner): readonly Evidence[] {
  return owner.kind === 'process' && owner.held ? joinedEvidence(evidence, BY_PROCESS) : evidence;
}

function distinct(owners: readonly SocketOwner[]): SocketOwner[] {
  return [...new Map(owners.map((owner) => [ownerKey(owner), owner])).values()];
}

function ownerKey(owner: SocketOwner): string {
  if (owner.kind === 'pod') return `pod ${owner.uid} ${owner.container ?? ''}`;
  return owner.kind === 'process' ? `process ${owner.name ?? ''}` : 'kernel';
}
