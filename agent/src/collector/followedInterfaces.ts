import type { Collector, FollowedChange, InterfaceFollower, NetworkNamespace } from '../../native/index.d.ts';
import { codeOf, messageOf } from '../failure.ts';
import type { AttachedInterface } from './attachedInterface.ts';

/** As CollectionEvents. */
interface FollowedEvents {
  found(found: AttachedInterface): void;
  attached(attached: AttachedInterface, time: number): void;
  released(attached: AttachedInterface): void;
  refused(message: string): void;
}

/** An interface that went away while it was attached to. */
const GONE = new Set(['ENODEV', 'ENXIO', 'ENOENT']);

/** The interfaces of one namespace that our programs are attached to, as the addon told of them last. */
export class FollowedInterfaces {
  /** UDP ports of tunnel devices that were seen here. */
  readonly tunnelPorts = new Set<number>();
  /** Resolves when what was there at first is attached. */
  readonly ready: Promise<void>;
  readonly #namespace: NetworkNamespace;
  readonly #events: FollowedEvents;
  readonly #follower: InterfaceFollower;
  readonly #found = new Map<number, AttachedInterface>();
  readonly #attached = new Map<number, AttachedInterface>();
  /** Interfaces refused before, so that each is told once. */
  readonly #refused = new Set<number>();
  readonly #detached: Promise<void>;
  #isReady: () => void = () => undefined;
  #isDetached: () => void = () => undefined;
  #isBroken: (error: unknown) => void = () => undefined;

  /** @param names of interfaces; all where there are none */
  constructor(
    collector: Collector,
    namespace: NetworkNamespace,
    names: readonly string[],
    events: FollowedEvents,
  ) {
    this.#namespace = namespace;
    this.#events = events;
    this.ready = new Promise((resolve, reject) => {
      this.#isReady = resolve;
      this.#isBroken = reject;
    });
    this.#detached = new Promise((resolve) => (this.#isDetached = resolve));
    this.#follower = collector.follow(namespace, names, () => this.take());
  }

  isAttached(ifindex: number): boolean {
    return this.#attached.has(ifindex);
  }

  get attached(): readonly AttachedInterface[] {
    return [...this.#attached.values()];
  }

  get programIds(): readonly number[] {
    return this.#follower.programIds;
  }

  /** Tells what happened since the last time. */
  take(): void {
    for (const change of this.#follower.take()) this.#tell(change);
  }

  /** Stops following and takes every program off. */
  async detach(): Promise<void> {
    this.#follower.detach();
    await this.#detached;
  }

  #tell(change: FollowedChange): void {
    switch (change.kind) {
      case 'found':
        this.#find(change);
        break;
      case 'attached':
        this.#attach(change.ifindex, change.time);
        break;
      case 'released':
        this.#release(change.ifindex);
        break;
      case 'refused':
        this.#refuse(change.ifindex, change.name, change.error);
        break;
      case 'stays':
        this.#events.refused(
          `the filter of interface ${change.name} could not be taken off: ${messageOf(change.error)}`,
        );
        break;
      case 'tunnel':
        this.tunnelPorts.add(change.port);
        break;
      case 'failed':
        // Later, the kernel's further events still tell what comes.
        this.#isBroken(change.error);
        this.#events.refused(
          `the interfaces of ${this.#namespace.path} could not be listed: ${messageOf(change.error)}`,
        );
        break;
      case 'ready':
        this.#isReady();
        break;
      case 'detached':
        this.#isDetached();
        break;
    }
  }

  #find({ ifindex, index, name, type }: Extract<FollowedChange, { kind: 'found' }>): void {
    const found: AttachedInterface = {
      netnsInode: this.#namespace.inode,
      netnsIndex: this.#follower.netns,
      ifindex,
      index,
      name,
      type,
    };
    this.#found.set(ifindex, found);
    this.#events.found(found);
  }

  #attach(ifindex: number, time: number): void {
    const found = this.#found.get(ifindex);
    if (found === undefined) return;
    this.#attached.set(ifindex, found);
    this.#events.attached(found, time);
  }

  #release(ifindex: number): void {
    this.#found.delete(ifindex);
    const attached = this.#attached.get(ifindex);
    if (attached === undefined) return;
    this.#attached.delete(ifindex);
    this.#events.released(attached);
  }

  #refuse(ifindex: number, name: string, error: Error): void {
    if (GONE.has(codeOf(error)) || this.#refused.has(ifindex)) return;
    this.#refused.add(ifindex);
    this.#events.refused(
      `interface ${name} (${ifindex}) of ${this.#namespace.path} is not observed: ${messageOf(error)}`,
    );
  }
}
